"""The certification authority's validation service: is this certificate good? A table behind HTTP."""


def main(argv: list[str]) -> int:
    """Run the simulator; see `stb-sim validation --help`."""
    from simulators.validation.app import main as run

    return run(argv)
