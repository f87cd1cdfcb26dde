"""What a platform need not have (`stb-sim platform --without`): boxes then do with what the standards offer."""

OMISSIBLE = ("session_end_endpoint", "reset_endpoint", "revocation_endpoint")
"""Members of the discovery document."""
