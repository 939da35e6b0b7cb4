"""What a running Monitor serves on loopback: its health and its metrics."""
