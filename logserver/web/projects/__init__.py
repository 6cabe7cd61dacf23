"""Pages of projects: the list, setting up, settings."""
