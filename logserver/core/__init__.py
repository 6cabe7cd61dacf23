"""What happens, without HTTP: the rules every dialect shares."""
