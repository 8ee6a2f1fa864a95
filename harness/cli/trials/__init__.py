"""What `drill doctor --subject` tries, a subject's side each: its components, its health, its requests, its data."""
