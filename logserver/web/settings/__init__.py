"""Pages of a project's settings."""
