"""Pages over the core."""
