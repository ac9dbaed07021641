"""Keeping a home whole: backup, restore, doctor."""
