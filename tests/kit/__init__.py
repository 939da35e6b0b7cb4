"""Tests of `golive.kit`."""
