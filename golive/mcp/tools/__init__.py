"""What an assistant may ask over MCP: tools that only read."""
