"""What a run keeps without being told: the output of the program, and the state of the machine."""
