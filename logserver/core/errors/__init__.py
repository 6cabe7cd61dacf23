"""Errors: occurrences gathered into groups, and the inbox where people see to them."""
