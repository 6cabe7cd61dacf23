"""Pages of errors: the inbox and its groups."""
