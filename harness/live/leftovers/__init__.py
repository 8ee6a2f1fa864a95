"""What would stay behind if this process were killed: written down before it is made, and undone by whoever comes."""
