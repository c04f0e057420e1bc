"""A small honest trainer with musubi-tuner's options, files and log lines, for a CPU. Imports nothing of the rest."""
