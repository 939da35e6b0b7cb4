"""The Monitor: the connection held, watched, served. What it says over MCP is in `mcp`."""
