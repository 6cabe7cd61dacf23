"""How the server speaks HTTP, in no dialect."""
