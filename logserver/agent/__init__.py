"""The edge agent: follows files and standard input, and tells a server what they say."""
