"""A self-hosted log server: four products' HTTP contracts, one process, one SQLite file."""

from importlib.metadata import version

__version__ = version("logserver")
