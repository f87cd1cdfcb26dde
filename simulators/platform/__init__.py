"""The cable operators' common platform: OpenID provider with the card grant, links, token exchange, cost ledger."""


def main(argv: list[str]) -> int:
    """Run the simulator; see `stb-sim platform --help`."""
    from simulators.platform.app import main as run

    return run(argv)
