"""One thread a worker: set before the libraries that would take a thread for each processor are loaded."""

from __future__ import annotations

_LIBRARIES = ("OMP", "MKL", "OPENBLAS", "RAYON")
ONE_THREAD = {**{f"{name}_NUM_THREADS": "1" for name in _LIBRARIES}, "POLARS_MAX_THREADS": "1"}
"""Names and values of the environment."""
