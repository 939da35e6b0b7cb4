"""Tests of `golive.reports`."""
