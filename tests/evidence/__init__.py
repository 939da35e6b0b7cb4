"""Tests of `golive.evidence`."""
