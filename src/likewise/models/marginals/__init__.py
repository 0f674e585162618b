"""Generators made of noisy tables of counts."""
