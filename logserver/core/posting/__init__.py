"""What goes out: webhooks and e-mails, from the outbox to the attempt."""
