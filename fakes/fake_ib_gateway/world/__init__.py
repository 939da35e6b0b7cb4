"""What a gateway tells of: accounts, positions, contracts. Nothing of how it is told."""
