"""Print the table. Every row times ours and its peer alternately, and gives medians and their ratio."""

import platform
import sys
from datetime import date

from benchmarks import reading, start_up
from benchmarks.table import Row, render


def main() -> int:
    """Measure everything; about a minute."""
    rows: list[Row] = [*start_up.rows(), *reading.rows()]
    print(f"{date.today().isoformat()}, {platform.machine()}, Python {platform.python_version()}\n")
    print(render(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
