"""Tests of `golive.cli`."""
