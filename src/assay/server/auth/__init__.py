"""Who speaks: the ways in which a request proves it, asked in order."""
