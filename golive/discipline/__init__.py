"""One attempt, and what is remembered of it: lock, journal, rules. Nothing connects here."""
