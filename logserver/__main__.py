"""``python -m logserver``: the same command line as ``logserver``."""

from logserver.cli import main

if __name__ == "__main__":
    main()
