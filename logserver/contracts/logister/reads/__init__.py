"""The read API of the contract: what was sent, for programs, by project."""
