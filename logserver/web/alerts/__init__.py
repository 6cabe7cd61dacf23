"""Pages of alerts, their rules and webhooks."""
