"""Which trainers are at work on this machine, whoever started them and whether their supervisor lives or not."""

import itertools
from collections import Counter
from pathlib import Path

_CONFIG, _REHEARSAL = b"--config_file", b"fptui.rehearsal"


def trainers_at_work(processes: Path = Path("/proc"), *, rehearsals: bool = True) -> Counter[str]:
    """How many processes there are by the config that they were started with: launcher, trainer and data loaders. A
    trainer whose supervisor was killed is nobody's descendant any more, but its command line still says whose it is."""
    found: Counter[str] = Counter()
    for entry in processes.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            argv = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if not rehearsals and any(word.startswith(_REHEARSAL) for word in argv):
            continue
        for flag, value in itertools.pairwise(argv):
            if flag == _CONFIG and value:
                found[value.decode("utf-8", "surrogateescape")] += 1
                break
    return found


def real_trainers_at_work(processes: Path = Path("/proc")) -> Counter[str]:
    """Likewise, without rehearsals: one that is left on is no reason to keep a pod up."""
    return trainers_at_work(processes, rehearsals=False)
