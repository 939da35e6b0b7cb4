"""Tests of golive and the fake gateway, a folder per room."""
