"""What models trained against a critic share."""
