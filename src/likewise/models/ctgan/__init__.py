"""The conditional GAN of one level of one column at a time."""
