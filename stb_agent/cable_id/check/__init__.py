"""Check an OpenID provider that this project has never seen, flow by flow, in the terms of the standards."""
