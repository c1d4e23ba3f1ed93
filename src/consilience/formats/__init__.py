"""One file per format, from bytes to values. Formats do not know one another."""
