"""Models whose law critics tilt."""
