"""Tests of `golive.diagnosis`."""
