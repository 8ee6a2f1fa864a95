"""What can be changed through the API: the fields of the mutation root."""
