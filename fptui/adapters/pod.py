"""What RunPod says about this pod, wherever it says it: this process often does not have the pod's environment.

RunPod sets its variables on process 1. A shell over SSH has them only when the image wrote /etc/rp_environment and the
shell is an interactive bash, so that this process's own environment is only the first place to look. The file is parsed
and never sourced: its values are not escaped, and some images cut them off at the first `=`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_EXPORT = re.compile(r'^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(?:"(.*)"|\'(.*)\'|(.*))\s*$')


@dataclass(frozen=True)
class PodFacts:
    """What was found, with the place of each. Keys are never kept: only that they are there."""

    id: str | None = None
    id_from: str | None = None
    network_volume: bool = False
    key_from: str | None = None
    account_key_from: str | None = None


PROCESS_ONE, WRITTEN = Path("/proc/1/environ"), Path("/etc/rp_environment")
_KEYS = ("RUNPOD_API_KEY", "FPTUI_RUNPOD_API_KEY")
"""The pod's own, which may ask for this pod alone, and one of the account."""


def pod_facts(environment: Mapping[str, str], process_one: Path = PROCESS_ONE, written: Path = WRITTEN) -> PodFacts:
    """Look in this environment, then in that of process 1, then in the file that the image wrote."""
    places = _places(environment, process_one, written)

    def first(name: str) -> tuple[str | None, str | None]:
        return next(_found(name, places), (None, None))

    pod_id, id_from = first("RUNPOD_POD_ID")
    own, account = _KEYS
    return PodFacts(
        pod_id,
        id_from,
        network_volume=first("RUNPOD_VOLUME_ID")[0] is not None,
        key_from=first(own)[1],
        account_key_from=first(account)[1],
    )


def pod_keys(
    environment: Mapping[str, str], process_one: Path = PROCESS_ONE, written: Path = WRITTEN
) -> list[tuple[str, str]]:
    """`NAME of PLACE` and key, for whoever stops the pod, and for nobody else: the pod's own first, places in the same
    order. Where places differ every key counts, as a shell may have an old one."""
    places = _places(environment, process_one, written)
    keys: list[tuple[str, str]] = []
    for name in _KEYS:
        for value, place in _found(name, places):
            is_known = any(key == value or key.startswith(f"{value}=") for _, key in keys)
            if not is_known:
                keys.append((f"{name} of {place}", value))
    return keys


def first_value(
    name: str, environment: Mapping[str, str], process_one: Path = PROCESS_ONE, written: Path = WRITTEN
) -> str | None:
    """A variable of this machine, wherever it is."""
    return next((value for value, _ in _found(name, _places(environment, process_one, written))), None)


def _places(environment: Mapping[str, str], process_one: Path, written: Path) -> list[tuple[str, Mapping[str, str]]]:
    return [
        ("this shell", environment),
        (str(process_one), _process_environment(process_one)),
        (str(written), _exports(written)),
    ]


def _found(name: str, places: Sequence[tuple[str, Mapping[str, str]]]) -> Iterator[tuple[str, str]]:
    """Values that are not empty, with their places."""
    return ((values[name], place) for place, values in places if values.get(name))


def _process_environment(path: Path) -> dict[str, str]:
    try:
        entries = path.read_bytes().split(b"\0")
    except OSError:
        return {}
    pairs = (entry.decode("utf-8", "replace").partition("=") for entry in entries)
    return {name: value for name, equals, value in pairs if equals}


def _exports(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return {}
    found = (match for line in lines if (match := _EXPORT.match(line)))
    return {match[1]: next((value for value in match.groups()[1:] if value is not None), "") for match in found}
