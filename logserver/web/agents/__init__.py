"""Pages of agents and what they count."""
