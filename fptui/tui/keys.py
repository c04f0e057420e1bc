"""The one table of keys: it makes the bindings, the footer, the help screen and the command palette."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """A key of the dashboard. `keys` are Textual's names, comma separated; `shown` is what the user reads."""

    keys: str
    shown: str
    action: str
    word: str
    help: str
    footer: bool = True


KEYS = (
    Key("s", "s", "start", "start", "Start a run: shows what will happen, full or smoke, and asks first"),
    Key("x", "x", "stop", "stop", "Stop this run, at its next save or now: says what is lost, and asks first"),
    Key("r", "r", "resume", "resume", "Resume from the newest complete state: names it and the steps that remain"),
    Key("c", "c", "check", "check", "Every problem of a version, with its place and its cure; Enter opens the editor"),
    Key("l", "l", "log", "log", "The whole log of this run: scroll, search with /, follow with End"),
    Key("a", "a", "attach", "attach", "Show this run's own tmux pane; leave it with Ctrl-b d"),
    Key("z", "z", "autostop", "autostop", "When this pod stops by itself: keep it up, put it off, arm it"),
    Key("v", "v", "runs", "runs", "All runs of this project"),
    Key("down,right_square_bracket,j", "↓ ]", "older", "older run", "Look at the next older run", footer=False),
    Key("up,left_square_bracket,k", "↑ [", "newer", "newer run", "Look at the next newer run", footer=False),
    Key("question_mark,f1", "?", "help", "help", "Every key"),
    Key("ctrl+p", "ctrl+p", "command_palette", "commands", "Search everything that can be done", footer=False),
    Key("q", "q", "quit", "quit", "Leave; the run goes on without this screen"),
)
