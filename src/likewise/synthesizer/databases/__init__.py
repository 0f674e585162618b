"""Databases learnt and drawn: a plan for each row of how many point at it, then their rows, then the links."""
