"""`fptui`: the dashboard. Something is on the screen before Textual is imported, which takes a quarter of a second.

Until then not even pathlib is loaded: it takes as long as all the rest."""

import os
import sys

from fptui.errors import FptuiError, WrongUse

_ENTER = "\x1b[?1049h\x1b[2J\x1b[H\x1b[?25l"
_LEAVE = "\x1b[?1049l\x1b[?25h"


def run(folder: str) -> int:
    """Show the dashboard of the project at `folder`, or, where there is none, what to do about it."""
    if not has_terminal():
        raise WrongUse("The dashboard needs a terminal for input, output and errors; fptui ls, status and log do not.")
    for name in ("COLUMNS", "LINES"):  # an exported size is that of another time; the terminal knows its own
        os.environ.pop(name, None)
    columns, lines = os.get_terminal_size(sys.stdout.fileno())
    sys.stdout.write(_ENTER + first_frame(os.path.realpath(folder).rpartition(os.sep)[2], columns, lines))
    sys.stdout.flush()
    try:
        code, sentence = _show(folder)
    finally:
        sys.stdout.write(_LEAVE)
        sys.stdout.flush()
    if sentence:
        print(sentence, file=sys.stderr if code else sys.stdout)
    return code


def has_terminal() -> bool:
    """Whether a dashboard can be shown here. Textual draws on stderr."""
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def first_frame(name: str, columns: int, lines: int) -> str:
    """The empty boxes of the dashboard, in the terminal's own colours, for the moment before it is there."""
    framed = lines >= 32 and columns >= 100
    rows = [f"\x1b[1m fptui\x1b[0m  {''.join(c for c in name if c.isprintable())[: max(0, columns - 10)]}"]
    if framed:
        half = columns // 2
        rows += _boxes(("run", half), ("GPU", columns - half), height=6)
        rows += _boxes(("loss", columns), height=max(2, (lines - 8) * 3 // 5))
        rows += _boxes(("log", columns), height=max(2, lines - 1 - len(rows)))
    else:
        rows += [f"\x1b[2m─ run {'─' * (columns - 6)}\x1b[0m", "", "", "", f"\x1b[2m─ GPU {'─' * (columns - 6)}\x1b[0m"]
    rows = rows[: max(1, lines - 1)]
    return "\r\n".join(rows)


def _boxes(*boxes: tuple[str, int], height: int) -> list[str]:
    top = "".join(f"╭─ {title} {'─' * (width - len(title) - 5)}╮" for title, width in boxes)
    middle = "".join(f"│{' ' * (width - 2)}│" for _, width in boxes)
    bottom = "".join(f"╰{'─' * (width - 2)}╯" for _, width in boxes)
    return [f"\x1b[2m{line}\x1b[0m" for line in (top, *[middle] * (height - 2), bottom)]


def _show(folder: str) -> tuple[int, str | None]:
    import gc
    from pathlib import Path

    gc.disable()  # a seventh of the import time is the collector looking at modules
    from fptui.tui.app import FptuiApp
    from fptui.tui.live import LiveWatch, ProjectActions

    gc.freeze()
    gc.enable()
    place = _place()
    path = Path(folder).absolute()
    if any((place / "configs").is_dir() for place in (path, *path.parents)):
        from fptui.core.project import find_project

        try:
            project = find_project(path)
        except FptuiError as error:
            return error.exit_code, str(error)
        around = dict(os.environ)
        app = FptuiApp(
            LiveWatch(project.path, around),
            ProjectActions(project.path, around),
            place=place,
            notify_terminal=project.settings.notify_terminal,
        )
    else:
        app = FptuiApp(None, None, place=place, folder=path)
    sentence = app.run()
    if app.failure is not None:
        from fptui.cli.crash import report

        return 1, f"fptui: every run goes on; the dashboard failed. {report(app.failure, [])}"
    return app.return_code or 0, sentence


def _place() -> str:
    pod = os.environ.get("RUNPOD_POD_ID")
    return f"pod {pod}" if pod else os.uname().nodename
