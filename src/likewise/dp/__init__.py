"""Differential privacy below the generators: the budget, the ledger, noise, accounting, and a codec that pays."""
