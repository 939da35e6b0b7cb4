"""Programs as somebody else might have written them: a Monitor, and an MCP server."""
