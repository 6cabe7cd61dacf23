"""Whatever bytes come, what reads them ends as it promises; ``python -m tests.fuzz`` looks for exceptions."""
