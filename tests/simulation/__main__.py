"""`python -m tests.simulation`: see `tests.simulation.soak`."""

import sys

from tests.simulation.soak import main

if __name__ == "__main__":
    sys.exit(main())
