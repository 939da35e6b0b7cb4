"""Tests of `golive.client`."""
