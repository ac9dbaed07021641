"""What SDK and server both speak. Standard library only."""
