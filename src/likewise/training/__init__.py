"""The one training loop, the one under a budget of privacy, and the optimiser."""
