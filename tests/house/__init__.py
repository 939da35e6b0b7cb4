"""Tests of the house: its rooms, its documents, its workflows."""
