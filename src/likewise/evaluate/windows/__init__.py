"""Measures of windows of time series: a measure a file, gathered in `gather.py`."""
