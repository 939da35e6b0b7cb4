"""What a running Monitor serves on loopback, from what it knows: health and metrics."""
