"""LogStitch: the audit trail, and what watches over it."""
