"""Stand-ins for the programs the procedure talks to, each a thing of its own."""
