"""Pure rules and values: no I/O, no clock, no randomness; those are arguments."""
