"""What crosses the socket, and the words for it: shared by the agent, the UI and the bench; it imports nothing else of ours."""
