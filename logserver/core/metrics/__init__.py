"""Metrics made of log lines at the edge: their rules, what is counted there, and how it is stored and shown."""
