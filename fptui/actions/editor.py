"""Opening the user's editor at a line."""

import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from fptui.check.problem import Place
from fptui.core.project import Project
from fptui.core.text import plain
from fptui.errors import FptuiError

_USUAL = ("nano", "vim", "vi")
_WINDOWS = frozenset({"code", "code-insiders", "codium", "cursor", "windsurf"})
"""Editors with windows of their own, VS Code's kind: they return at once unless told to wait."""
_WITH_COLON = frozenset({"hx", "helix", "subl", "zed", "micro"})


def editor_command(project: Project, place: Place, environment: Mapping[str, str]) -> list[str]:
    """The argv that opens the place's file, at its line where the editor knows how. FptuiError where there is neither
    editor nor file."""
    path = project.path / (place.file or "")
    if place.file is None or not path.is_file():
        raise FptuiError(f"{plain(str(path))} is not there to be opened.")
    editor = _editor(environment)
    name, line = Path(editor[0]).name, place.line or 1
    if name in _WINDOWS:
        return [*editor, "--wait", "-g", f"{path}:{line}"]
    if name in _WITH_COLON:
        return [*editor, f"{path}:{line}"]
    return [*editor, f"+{line}", str(path)]


def _editor(environment: Mapping[str, str]) -> list[str]:
    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(environment.get(name, ""))
        except ValueError:
            raise FptuiError(f"{name} has an open quote: {plain(environment[name], 80)}.") from None
        if words:
            if shutil.which(words[0], path=environment.get("PATH")) is None:
                raise FptuiError(f"{name} names {plain(words[0], 80)}, which is not here: set it to one that is.")
            return words
    found = next((name for name in _USUAL if shutil.which(name, path=environment.get("PATH"))), None)
    if found is None:
        raise FptuiError("There is no editor here: set EDITOR, or install nano.")
    return [found]
