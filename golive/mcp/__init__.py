"""The MCP server over stdio and HTTP. Its tools read; none does more."""
