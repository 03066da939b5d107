"""The built-in demo model: an OpenAI-compatible endpoint for installations without a key."""
