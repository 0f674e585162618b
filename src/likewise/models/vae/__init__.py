"""The variational autoencoder over codes."""
