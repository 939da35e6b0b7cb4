"""One run of the procedure, from the gate to the evidence. What tells of it is handed in."""
