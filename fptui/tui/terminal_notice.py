"""A notice as a sequence that terminals show on the desktop."""

from fptui.core.notices import Notice
from fptui.core.text import plain

_LONGEST = 300


def terminal_notice(notice: Notice, way: str, in_tmux: bool) -> str:
    """`bell` rings; `osc9` (iTerm2, kitty, WezTerm, Ghostty, ConEmu) and `osc777` (rxvt, foot, VTE) show the text too.
    tmux hands the latter two on where its `allow-passthrough` is on, and rings in any case."""
    title, body = _fit(notice.title), _fit(notice.body)
    if way == "osc777":
        sequence = f"\x1b]777;notify;{title.replace(';', ',')};{body}\x1b\\"
    elif way == "osc9":
        # ConEmu takes a number at the beginning for a command of its own.
        sequence = f"\x1b]9;fptui: {title}. {body}\x1b\\"
    else:
        sequence = ""
    if sequence and in_tmux:
        sequence = "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    return sequence + "\a"


def _fit(text: str) -> str:
    return "".join(c for c in plain(text) if c.isprintable())[:_LONGEST]
