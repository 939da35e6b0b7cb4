"""What the go-live acceptance steps are made of."""

__version__ = "0.1.0"
