"""Pages of what was sent: logs, records, live tail, exports."""
