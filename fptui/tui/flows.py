"""Start, stop, resume and attach, each as one conversation: look, ask, do. Errors become a message on the screen."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from textual.app import App

from fptui.check.problem import Place
from fptui.core.autostop import Autostop, AutostopStatus
from fptui.core.autostop_words import autostop_line, why
from fptui.core.status import Status
from fptui.core.view import RunRow
from fptui.errors import FptuiError
from fptui.tui import words
from fptui.tui.actions import Actions
from fptui.tui.screens.check import CheckScreen
from fptui.tui.screens.dialog import Choice, ChoiceScreen, MessageScreen
from fptui.tui.screens.start import StartScreen
from fptui.tui.threads import in_thread, sentence

_T = TypeVar("_T")


_MORE_SECONDS = 1800.0
_LEAVE, _CANCEL, _ARM = ("leave", "leave it so"), ("cancel", "keep the pod up"), ("arm", "arm it again")
_AUTOSTOP = {
    AutostopStatus.OFF: (_LEAVE, ("arm", "arm it: the pod stops after the last run")),
    AutostopStatus.ARMED: (_LEAVE, _CANCEL),
    AutostopStatus.COUNTING: (("leave", "let it stop"), ("extend", "30 minutes more"), _CANCEL),
    AutostopStatus.STOPPING: (("leave", "let it stop"), _CANCEL),
    AutostopStatus.STOPPED: (_LEAVE, _CANCEL),
    AutostopStatus.FAILED: (_LEAVE, _ARM, _CANCEL),
    AutostopStatus.CANCELLED: (_LEAVE, _ARM),
}
"""What can be asked of it, the harmless first."""


class Flows:
    """The conversations of a dashboard. Each is a coroutine for a worker; the UI goes on meanwhile."""

    def __init__(self, app: App[Any], actions: Actions) -> None:
        self._app = app
        self._actions = actions

    async def start(self, versions: Sequence[str], at: str | None) -> str | None:
        """Ask, and start; the id of the run to look at."""
        if not versions:
            await self._tell("nothing to start", "There is no version yet. Make configs/v1 with config.toml, "
                             "dataset.toml and prompts.txt; it shows up here by itself.")  # fmt: skip
            return None
        return await self._start(StartScreen(versions, lambda v, smoke: self._actions.plan(v, smoke=smoke), at=at))

    async def resume(self, item: RunRow) -> str | None:
        """Ask, and resume the version of this run from its newest complete state; the id of the new run."""
        version = item.record.version
        return await self._start(
            StartScreen([version], lambda v, smoke: self._actions.plan(v, resume="newest"), resume=True, at=version)
        )

    async def _start(self, screen: StartScreen) -> str | None:
        plan = await self._app.push_screen_wait(screen)
        if plan is None:
            return None
        records = await self._do("could not start", partial(self._actions.launch, plan))
        return records[-1].id if records else None

    async def stop(self, item: RunRow) -> bool:
        """Ask how, and stop; whether anything was asked for."""
        run_id = item.record.id
        if not item.status.is_active:
            await self._tell("nothing to stop", f"{words.title(item.record)} is not running: {item.status.value}.", "")
            return False
        both = await self._do("could not stop", lambda: [
            (mode, self._actions.stop_consequence(run_id, mode)) for mode in ("at-save", "now")
        ])  # fmt: skip
        if both is None:
            return False
        labels = {"at-save": "at the next save", "now": "now"}
        choices = [Choice(mode, labels[mode], said.sentence, said.possible) for mode, said in both]
        if item.status is Status.STOPPING or item.stop:
            choices.reverse()
        choices.append(Choice("cancel", "let it go on"))
        mode = await self._app.push_screen_wait(ChoiceScreen(f"stop {words.title(item.record)}", choices))
        if mode in (None, "cancel"):
            return False

        def request() -> bool:
            self._actions.request_stop(run_id, str(mode))
            return True

        return bool(await self._do("could not stop", request))

    async def autostop(self, state: Autostop | None) -> bool:
        """Ask what is to become of the pod; whether anything was asked for."""
        if state is None:
            await self._tell("autostop", "This machine is no pod that fptui knows how to stop.", "")
            return False
        said = " ".join(filter(None, (autostop_line(state, time.time()) + ".", why(state))))
        choices = [Choice(do, label) for do, label in _AUTOSTOP[state.status]]
        choices[0] = replace(choices[0], details=said)
        do = await self._app.push_screen_wait(ChoiceScreen("autostop", choices))
        if do in (None, "leave"):
            return False

        def ask() -> bool:
            self._actions.autostop(str(do), _MORE_SECONDS if do == "extend" else 0.0)
            return True

        return bool(await self._do("autostop", ask))

    async def check(self, versions: Sequence[str], at: str | None) -> None:
        """Show what is wrong with a version, until the user leaves."""
        if not versions:
            await self._tell("nothing to check", "There is no version yet. `fptui init` makes the first.")
            return
        await self._app.push_screen_wait(CheckScreen(versions, self._actions.check, self._edit, at=at))

    async def attach(self, item: RunRow) -> None:
        """Hand the terminal to tmux until the user leaves it."""
        command = await self._do("could not attach", partial(self._actions.attach_command, item.record.id))
        if command is not None:
            argv, environment = command
            await self._hand_over("could not attach", argv, environment, "l shows the run's log")

    async def _edit(self, place: Place) -> None:
        argv = await self._do("could not open it", partial(self._actions.editor_command, place))
        if argv is not None:
            await self._hand_over("could not open it", argv, None, "EDITOR names it")

    async def _hand_over(
        self, title: str, argv: Sequence[str], environment: Mapping[str, str] | None, advice: str
    ) -> None:
        try:
            with self._app.suspend():
                code = hand_terminal(argv, environment)
        except Exception as error:
            await self._tell(title, sentence(error))
            return
        self._app.refresh(repaint=True, layout=True)
        if code:
            await self._tell(title, f"{argv[0]} ended with exit code {code}; {advice}.")

    async def _do(self, title: str, work: Callable[[], _T]) -> _T | None:
        try:
            return await in_thread(work)
        except FptuiError as error:
            await self._tell(title, str(error))
        except Exception as error:
            await self._tell(title, sentence(error))
        return None

    async def _tell(self, title: str, text: str, role: str = "bad") -> None:
        await self._app.push_screen_wait(MessageScreen(title, text, role))


def hand_terminal(argv: Sequence[str], environment: Mapping[str, str] | None) -> int:
    """Run a program that takes the whole terminal; its exit code. `environment` None: this one."""
    env = None if environment is None else dict(environment)
    return subprocess.run(list(argv), env=env, check=False).returncode
