"""What a training process has logged, on its own disk until a server has it."""
