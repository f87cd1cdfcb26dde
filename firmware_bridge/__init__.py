"""Bring firmware onto boards: the bench's side of consoles and transfers (``stb-flash``)."""
