"""What a search asks: one small syntax tree that every dialect's grammar compiles to."""
