"""Torch modules. They see codes and shapes, never a column name."""
