"""Everything a person can open: one folder each, and no service imports another."""
