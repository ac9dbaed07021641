"""People's existing history: read where it lies, written to a server, and everything out again."""
