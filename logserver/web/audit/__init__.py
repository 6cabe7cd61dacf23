"""Pages of the audit trail, its viewer, and claimed streams."""
