"""Clock, files, text, masking. Whatever knows of gateways belongs elsewhere."""
