"""What conditional draws share."""
