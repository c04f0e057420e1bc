"""The process in a pane that owns a trainer."""
