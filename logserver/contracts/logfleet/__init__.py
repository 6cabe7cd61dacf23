"""LogFleet: people, edge agents, their keys, metric rules and live streams."""
