"""A self-hosted log server: four products' HTTP contracts, one process, one SQLite file."""

__version__ = "0.1.0"
