"""Finding what was sent: searches as people ask them, completion, lines of a list, exports."""
