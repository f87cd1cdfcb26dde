"""What draws: Kivy's canvas and window, and nothing else of Kivy."""
