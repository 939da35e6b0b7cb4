"""What an assistant may ask over MCP: tools that read, and none that does more."""
