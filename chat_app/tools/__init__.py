"""MCP tool servers: a sidecar process speaks with them, and greenlets speak with it."""
