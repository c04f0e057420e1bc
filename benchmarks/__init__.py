"""Speeds of fptui beside a peer or a limit, measured in one run on one machine: `make bench`."""
