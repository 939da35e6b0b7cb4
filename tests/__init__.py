"""Proof that the suite catches what it says it catches."""
