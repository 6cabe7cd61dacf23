"""Stores as each released version left them, and how they were made."""
