"""The Monitor: holds, watches and serves the one connection. MCP is in `golive.mcp`."""
