"""What the Monitor is made of: its lines, how it is stopped, when it connects again, launching."""
