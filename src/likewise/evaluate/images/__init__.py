"""Measures of synthetic images: likeness, use, copying; each beside what fresh real images score."""
