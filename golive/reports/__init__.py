"""Reports of a run: each reads its record, none changes it."""
