"""Inside the training process, and whatever else speaks to a server. Standard library only."""
