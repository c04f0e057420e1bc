"""The headless heart: values and pure functions. No terminal, tmux, GPU or network; the clock is passed in."""
