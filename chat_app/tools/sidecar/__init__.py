"""The asyncio side: a process of its own that holds the sessions with MCP servers."""
