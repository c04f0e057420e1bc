"""The user's own command as what stops the machine: `stop_command` of `[tool.fptui.autostop]`."""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence

from fptui.adapters.program import last_line, run_program
from fptui.adapters.service_words import Keys
from fptui.core.provider import Attempt, PodState, Preflight

_LIMIT = 60.0
_KEY_LENGTH = 20
_SECRET_WORDS = ("KEY", "TOKEN", "SECRET", "PASS", "PWD", "CREDENTIAL", "AUTH")


class CommandProvider:
    """Implements `core.provider.Provider`. Whether the machine stopped nobody can say: it is seen by being gone."""

    name = "command"
    pod_id: str | None = None

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        *,
        clock: Callable[[], float] = time.time,
        limit: float = _LIMIT,
    ) -> None:
        """It runs with this environment, as it may need a key of it; no value of a variable that is called key, token,
        secret or the like gets into an outcome, nor any of the command's own words that is as long as a key."""
        self._argv, self._environment, self._clock, self._limit = tuple(argv), dict(environment), clock, limit
        secret = {name: value for name, value in environment.items() if _is_secret(name) and len(value) >= 6}
        spoken = [("stop_command", word) for word in self._argv[1:] if len(word) >= _KEY_LENGTH]
        self._words = Keys([*secret.items(), *spoken])

    def preflight(self) -> Preflight:
        """Whether there is such a program. It is not run."""
        if self._program() is None:
            named = f"no program {self._argv[0]}" if self._argv else "nothing in it"
            problem = self._words.clean(f"stop_command: there is {named}. Name a program with its path.")
            return Preflight(False, (problem,), via=self.name)
        return Preflight(True, (), via=self.name)

    def resolve(self) -> dict[str, list[str]]:
        """None: whom the command asks is its own matter."""
        return {}

    def stop(self, *, terminate: bool = False, wanted: Callable[[], bool] = lambda: True) -> list[Attempt]:
        """The command is the same for both. Exit code 0 is a yes."""
        program = self._program()
        if program is None:
            return [self._attempt("There is no such program.", False)]
        ran = run_program([program, *self._argv[1:]], self._environment, self._limit)
        if ran.trouble is not None:
            return [self._attempt(f"The command {ran.trouble}.", False)]
        words = last_line(ran.err if ran.code and ran.err.strip() else ran.out)
        says = f" and says: {words}" if words else ""
        return [self._attempt(f"The command ended with {ran.code}{says}", ran.code == 0)]

    def observe(self) -> PodState:
        """Unknown, always."""
        return PodState.UNKNOWN

    def _program(self) -> str | None:
        return shutil.which(self._argv[0], path=self._environment.get("PATH")) if self._argv else None

    def _attempt(self, outcome: str, accepted: bool) -> Attempt:
        return Attempt(self._clock(), self.name, self._words.clean(outcome), accepted)


def _is_secret(name: str) -> bool:
    if name in ("PWD", "OLDPWD", "SSH_AUTH_SOCK"):
        return False
    return any(word in name.upper() for word in _SECRET_WORDS) or name.upper().split("_")[-1] == "PAT"
