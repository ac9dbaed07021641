"""Reading back what a server has."""
