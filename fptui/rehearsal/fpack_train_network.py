"""Trains a LoRA: the rehearsal's `fpack_train_network`."""

from collections.abc import Sequence

from fptui.rehearsal.console import begin
from fptui.rehearsal.options import read_train_options


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the program. Errors and signals are not handled, as in the real one."""
    begin(trainer=True)
    options = read_train_options(arguments)
    # Only now, so that a slip on the command line is answered at once.
    from fptui.rehearsal.training import train

    train(options)


if __name__ == "__main__":
    main()
