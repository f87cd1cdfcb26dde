"""One town's booking of public facilities."""


def main(argv: list[str]) -> int:
    """Run the simulator; see `stb-sim booking --help`."""
    from simulators.booking.app import SERVICE

    return SERVICE.main(argv)
