"""One screen for each view kind: it lays a view out on a sketch."""
