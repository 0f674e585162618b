"""Databases of SQL: what their tables are, their rows in, and rows out to them."""
