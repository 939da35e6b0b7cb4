"""Tests of `fake_ib_gateway`."""
