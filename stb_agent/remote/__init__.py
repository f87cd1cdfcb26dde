"""From a key on any remote to an action of the person: sources, keymaps, gestures."""
