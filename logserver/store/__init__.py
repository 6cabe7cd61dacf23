"""Telemetry on SQLite: knows no HTTP and no product."""
