"""Tests of `golive.mcp`."""
