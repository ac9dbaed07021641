"""Runs as columns in memory: finds pages among hundreds of thousands of runs, and is never the truth."""
