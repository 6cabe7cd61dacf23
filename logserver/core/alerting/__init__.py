"""Alerts: the rules, what they watch, and what has rung."""
