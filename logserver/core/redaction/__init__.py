"""Redaction: what must not be stored is taken out of an event before anything else sees it."""
