"""The client of the common platform that issues Cable IDs, and of the services that take its tokens."""
