"""What a household sets for itself."""
