"""The ways a gateway misbehaves, one a module. They compose: a gateway may have several."""
