"""The default generator: one masked net over codes."""
