"""Traces and transactions: what took how long, and within what."""
