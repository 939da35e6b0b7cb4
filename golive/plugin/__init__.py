"""The wiring to pytest, and the one place that knows it."""
