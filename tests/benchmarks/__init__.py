"""The figures of the program, each with its yardstick measured in the same run: ``python -m tests.benchmarks``."""
