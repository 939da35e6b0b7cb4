"""The one connection, held: asked by many at once, and watched for silence."""
