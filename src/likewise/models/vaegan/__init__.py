"""The variational autoencoder whose law critics sharpen."""
