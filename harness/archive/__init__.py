"""Backups of a shop's app and theme in a Git repository, and their restores.

`description` is the file that says what is backed up; `pieces` read, compare and restore one thing each; `repository`
keeps states as commits, `manifest` says what is in one, `proofs` which have been restored; `backing_up` and `restoring`
put these together.
"""
