"""What a gateway reports: accounts and what they hold; not how."""
