"""`python -m fptui`: the same as the console script."""

import sys

from fptui.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
