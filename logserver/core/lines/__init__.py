"""Lines of logs: what they say, and which of them somebody wants to see."""
