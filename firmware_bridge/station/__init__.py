"""The bench's jobs as library functions."""
