"""secrets.json: its model, its reading, its schema. No default is decided elsewhere."""
