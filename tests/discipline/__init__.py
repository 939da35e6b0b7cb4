"""Tests of `golive.discipline`."""
