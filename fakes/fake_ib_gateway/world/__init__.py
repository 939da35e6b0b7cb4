"""What the gateway tells of: accounts and what they hold. No message is known here."""
