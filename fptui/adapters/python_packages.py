"""Which packages another Python has, by their metadata: nothing of them is imported."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_ASK = """
import json, sys
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
found = {}
for name in sys.argv[1:]:
    try:
        it = distribution(name)
    except PackageNotFoundError:
        spec = find_spec(name.replace("-", "_"))
        if spec is not None:
            found[name] = [None, None, str((spec.submodule_search_locations or [spec.origin])[0])]
        continue
    try:
        commit = json.loads(it.read_text("direct_url.json") or "{}").get("vcs_info", {}).get("commit_id")
    except ValueError:
        commit = None
    found[name] = [it.version, commit, None]
print(json.dumps(["%d.%d.%d" % sys.version_info[:3], found]))
"""


@dataclass(frozen=True)
class Package:
    """An installed package; `commit` when it was installed from git; `path`, and no version, where it is only on the
    search path, as a checkout is."""

    version: str | None
    commit: str | None = None
    path: str | None = None

    def __str__(self) -> str:
        if self.version is None:
            return f"from {self.path}"
        return self.version + (f" ({self.commit[:7]})" if self.commit else "")


@dataclass(frozen=True)
class PythonPackages:
    """A Python's version, and those of the packages that were asked for and are there."""

    version: str
    packages: Mapping[str, Package]


def installed(python: str, names: Sequence[str], environment: Mapping[str, str]) -> PythonPackages | None:
    """Ask `python`; None when it does not answer within a minute (torch on a cold network volume) or is none."""
    try:
        answer = subprocess.run(
            [python, "-c", _ASK, *names], capture_output=True, timeout=60, check=True, env=dict(environment)
        )
        version, found = json.loads(answer.stdout.splitlines()[-1])
        return PythonPackages(version, {name: Package(*facts) for name, facts in found.items()})
    except (OSError, subprocess.SubprocessError, ValueError, IndexError, TypeError):
        return None
