"""The benchmark: one stream over four ways, side by side. Run it with `make bench`."""
