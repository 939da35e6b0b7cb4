"""The user's Monitor and MCP server: started, heard, ended; ours are tried no differently."""
