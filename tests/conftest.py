"""What holds for all tests."""

from hypothesis import settings

# A slow machine is no failure: nothing is timed here but in the benches.
settings.register_profile("chanoma", deadline=None)
settings.load_profile("chanoma")
