"""Schema, codec and generator under one roof: `Synthesizer`, and what it can do with images and with latents."""

from likewise.synthesizer.estimator import Synthesizer, load

__all__ = ["Synthesizer", "load"]
