"""What faults have in common: the hooks they change, how they are declared and found."""
