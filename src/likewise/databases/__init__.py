"""Databases: several tables, the keys between them, and what must hold of these."""
