"""Tests of `golive.procedure`."""
