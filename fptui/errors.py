"""The errors that a user can meet: one or two sentences, and an exit code. Only `cli.main` catches them."""


class FptuiError(Exception):
    """The thing failed. The message says what, where (file, line, key) and what to do."""

    exit_code = 1


class WrongUse(FptuiError):
    """The command was called in a way that cannot mean anything."""

    exit_code = 2


class Refused(FptuiError):
    """A check or a promise stands in the way; the message names the ways on."""

    exit_code = 3
