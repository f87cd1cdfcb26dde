"""Journeys: a household's errands, walked by the remote alone, each step with a picture of the screen."""
