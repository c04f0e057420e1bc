"""The supervisor's sign of life."""

import errno
import json
import os
from dataclasses import asdict
from pathlib import Path

from fptui.adapters.processes import boot_id, start_ticks
from fptui.core.facts import LogFacts
from fptui.core.run import Heartbeat, write_record
from fptui.core.status import Status

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class HeartbeatFile:
    """Writes `heartbeat.json` for one run. Not synced to disk: after a crash of the machine it is worth nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pid, self._boot_id, self._host = os.getpid(), boot_id(), os.uname().nodename
        self._pid_started = start_ticks(self._pid) or 0

    def write(
        self,
        facts: LogFacts,
        *,
        now: float,
        started_at: float | None,
        trainer_pid: int | None,
        seconds_per_step: float | None,
        stop: str | None,
        is_stopping: bool,
        message: str | None,
    ) -> None:
        """Replace it. On a full disk the old one is overwritten where it lies; if that fails too, it stays as it is."""
        beat = Heartbeat(
            at=now,
            pid=self._pid,
            pid_started=self._pid_started,
            boot_id=self._boot_id,
            host=self._host,
            status=Status.STOPPING if is_stopping else facts.phase.status,
            trainer_pid=trainer_pid,
            started_at=started_at,
            step=facts.step,
            total_steps=facts.total_steps,
            epoch=facts.epoch,
            epochs=facts.epochs,
            loss=facts.average_loss,
            seconds_per_step=seconds_per_step,
            stop=stop,
            message=message,
        )
        try:
            write_record(self._path, beat, durable=False)
        except OSError as error:
            if error.errno in _NO_ROOM:
                self._overwrite(beat)

    def _overwrite(self, beat: Heartbeat) -> None:
        # Its one block on disk is there already.
        text = json.dumps(asdict(beat), ensure_ascii=False).encode("utf-8", "replace")
        try:
            descriptor = os.open(self._path, os.O_WRONLY)
        except OSError:
            return
        try:
            os.pwrite(descriptor, text, 0)
            os.ftruncate(descriptor, len(text))
        except OSError:
            pass
        finally:
            os.close(descriptor)
