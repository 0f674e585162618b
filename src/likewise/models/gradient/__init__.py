"""What the generators trained by gradient share."""
