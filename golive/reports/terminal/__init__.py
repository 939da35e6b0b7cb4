"""A run on the terminal: short, in full, or the verdict alone."""
