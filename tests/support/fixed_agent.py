"""The agent with a clock that stands still and random bytes from a seed, so that equal evenings are equal to the byte."""

import asyncio
import random
import sys
from datetime import datetime
from pathlib import Path

from stb_agent.__main__ import log_to_stderr, until_stopped
from stb_agent.agent import Agent, Surroundings
from stb_agent.contract.config import load

NOW = "2026-11-22T10:00:00+00:00"
_SEED = 20261122


def main() -> None:
    """Run as ``stb-agent run --config FILE`` would."""
    config = load(Path(sys.argv[sys.argv.index("--config") + 1]))
    now = datetime.fromisoformat(NOW).timestamp()

    def clock() -> float:
        return now

    log_to_stderr(clock)
    surroundings = Surroundings(clock, random.Random(_SEED).randbytes)
    asyncio.run(until_stopped(Agent(config, surroundings).run))


if __name__ == "__main__":
    main()
