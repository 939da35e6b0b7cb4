"""Tests of `golive.plugin`."""
