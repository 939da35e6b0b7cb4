"""The record of a run: its shape, its seal, what contradicts it. Who tells it is in `reports`."""
