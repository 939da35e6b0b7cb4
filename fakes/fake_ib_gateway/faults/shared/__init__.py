"""What faults are made of: the hooks they change, how they are declared, and how one is found."""
