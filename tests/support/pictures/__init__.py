"""The pictures of README and docs, from real runs: `python -m tests.support.pictures`."""
