"""The generative adversarial network over codes."""
