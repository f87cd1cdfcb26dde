"""The box around the agent: its clock, its television middleware, and what a process must do to keep its secrets in."""
