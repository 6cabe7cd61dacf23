"""Pages of people: the first run, signing in, accounts, users."""
