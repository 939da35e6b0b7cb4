"""Tests of the faults, by what of a gateway is at fault: the groups of `--list-faults`."""
