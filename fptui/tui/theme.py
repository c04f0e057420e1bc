"""The colours: the only place in Python that knows any. Style sheets use the names.

The greys are nearly pure (saturation under 0.15), so that they stay grey on a terminal with 256 colours.
"""

from textual.theme import Theme

DARK = Theme(
    name="fptui-dark",
    dark=True,
    primary="#7aa2f7",
    secondary="#5a6a8a",
    accent="#e5b567",
    foreground="#c8d0dc",
    background="#121417",
    surface="#181b1f",
    panel="#1f2227",
    success="#8fc77a",
    warning="#e5b567",
    error="#ef7082",
    variables={
        "muted": "#7a828e",
        "line": "#30353b",
        "strong": "#eef2f7",
        "raw": "#46688f",
        "average": "#7cc7e8",
        "rate": "#b79be8",
        "empty": "#2c3137",
        "cursor": "#24282e",
    },
)

LIGHT = Theme(
    name="fptui-light",
    dark=False,
    primary="#2b5fb8",
    secondary="#7d889a",
    accent="#9a6400",
    foreground="#2a313c",
    background="#fafbfc",
    surface="#f1f3f6",
    panel="#e7eaef",
    success="#2f7d32",
    warning="#9a6400",
    error="#b3243c",
    variables={
        "muted": "#6b7686",
        "line": "#cfd5de",
        "strong": "#0d1117",
        "raw": "#9db8d9",
        "average": "#1672a8",
        "rate": "#7a4fc0",
        "empty": "#d9dee6",
        "cursor": "#dfe7f2",
    },
)
