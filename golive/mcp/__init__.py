"""The MCP server over stdio and HTTP. Its tools only read."""
