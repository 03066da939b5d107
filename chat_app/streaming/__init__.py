"""The engine: runs, their journal, and the streams that show them."""
