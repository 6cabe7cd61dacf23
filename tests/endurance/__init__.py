"""How the program stands a long day and a flood, every record counted back: ``python -m tests.endurance``."""
