"""secrets.json: its model, its reading, its schema. All defaults live here."""
