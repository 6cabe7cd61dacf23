"""Live streams of agents' lines, in memory and in the store."""
