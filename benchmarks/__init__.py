"""How fast the suite is beside the alternatives. `python -m benchmarks`; nothing is asserted."""
