"""The pages of docs/ that are generated from the code: `python -m tests.support.generated`."""
