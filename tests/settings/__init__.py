"""Tests of `golive.settings`."""
