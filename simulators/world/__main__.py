"""Run the world: `python -m simulators.world`."""

import sys

from simulators.world.world import main

sys.exit(main(sys.argv[1:]))
