"""Stop conditions: when a drill is more than the application may suffer, it heals at once and ends ABORTED."""
