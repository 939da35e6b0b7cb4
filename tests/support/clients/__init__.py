"""Real clients against the fake: unmodified, each in a virtual environment of its own."""
