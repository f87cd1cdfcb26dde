"""A health record service that speaks FHIR R4."""


def main(argv: list[str]) -> int:
    """Run the simulator; see `stb-sim health --help`."""
    from simulators.health.app import SERVICE

    return SERVICE.main(argv)
