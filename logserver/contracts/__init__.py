"""Foreign dialects, siblings that do not know one another."""
