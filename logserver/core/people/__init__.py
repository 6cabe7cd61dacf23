"""People: who belongs to the organization, how they sign in, and their passwords."""
