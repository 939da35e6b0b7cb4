"""Tests of `golive.run`."""
