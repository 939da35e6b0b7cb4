"""Tests of `golive.trials`."""
