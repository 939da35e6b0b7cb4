"""The one connection while it is held: shared by many callers, and watched for silence."""
