"""Tests of `golive.machine`."""
