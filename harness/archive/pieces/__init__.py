"""The pieces of a backup: how each kind of thing is read, compared with its backup, and restored. A file each."""
