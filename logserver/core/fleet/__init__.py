"""Edge agents: which there are, how they are, and the keys they act with."""
