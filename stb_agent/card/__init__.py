"""From bytes to a signed challenge: the Individual Number Card's JPKI application, asked for sign-in and for nothing else."""
