"""The door for windows of time series: arrays and .npz files, checked, and windows cut from a table."""
