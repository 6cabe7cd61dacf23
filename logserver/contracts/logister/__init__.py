"""The Logister contract: errors, logs, metrics, transactions, spans, check-ins, deployments."""
