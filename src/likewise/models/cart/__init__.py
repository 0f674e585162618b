"""A chain of decision trees."""
