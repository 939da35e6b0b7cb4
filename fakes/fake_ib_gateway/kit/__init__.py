"""What both command lines share. Knows nothing of gateways."""
