"""Histories measured: rows of entities in time, held against real ones and against fresh entities."""
