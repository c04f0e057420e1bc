"""What a trainer warns of, by kind."""

import re

from fptui.core.facts import LogWarning

_KINDS = (
    ("nan-latents", re.compile(r"tensor has NaN: .*replace NaN with 0")),
    ("items-dropped", re.compile(r"Text encoder output cache file not found: ")),
    ("upload-failed", re.compile(r"failed to (?:upload to|create) HuggingFace")),
    ("caption-mismatch", re.compile(r"caption mismatch: ")),
    ("default-clean-indices", re.compile(r"has no clean_latent_indices defined")),
    ("no-sample-prompts", re.compile(r"No prompt file / ")),
    ("sample-failed", re.compile(r"No video generated / |Not enough frames for FramePack: ")),
    ("bad-prompt-option", re.compile(r"Exception in parsing / ")),
    ("prompt-failed", re.compile(r"Error generating latent for prompt: |Skipping decoding for prompt ")),
    ("bad-dataset-line", re.compile(r"failed to load json: ")),
    ("missing-control", re.compile(r"do not have control paths|Could not find matching c|Not enough control images")),
)
"""By message, of lines at level WARNING or ERROR."""


def kind_of(message: str) -> str:
    """The kind of a warning or an error that the trainer logged; `other` when it is none of those known."""
    return next((kind for kind, pattern in _KINDS if pattern.search(message)), "other")


class Warnings:
    """Counts by kind, in the order of their first."""

    def __init__(self) -> None:
        self._known: dict[str, LogWarning] = {}

    def add(self, kind: str, message: str) -> None:
        known = self._known.get(kind)
        self._known[kind] = LogWarning(kind, known.count + 1 if known else 1, known.message if known else message)

    def all(self) -> tuple[LogWarning, ...]:
        return tuple(self._known.values())
