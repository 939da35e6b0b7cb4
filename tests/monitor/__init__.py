"""Tests of `golive.monitor`."""
