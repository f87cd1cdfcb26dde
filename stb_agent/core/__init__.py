"""Where the person is: the navigation stack, the session and the view that follows from them. Pure: no I/O, no asyncio, no clock."""
