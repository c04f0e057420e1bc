"""The size of the terminal that a trainer runs on, and of its window in tmux: one size, so that nothing wraps."""

COLUMNS = 200
"""Wide enough for a whole progress bar with its loss."""

LINES = 50
