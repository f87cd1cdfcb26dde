"""The layout inspector: what is wrong with a page, as it is laid out and as it is drawn. Each complaint is a sentence."""
