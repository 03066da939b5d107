"""What those who work on this repository run; nothing of it is needed to serve."""
