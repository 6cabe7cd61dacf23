"""LuminaLog's contract: batches of log lines, ``POST /v1/logs``."""
