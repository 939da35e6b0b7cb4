"""Tellers of a run. Each reads the record of it, and none changes it."""
