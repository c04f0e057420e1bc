"""Writes down what the GPUs do, once a second with memory's peaks at 10 Hz, into every project that is watched.

In a thread of its own: neither a driver nor a network volume that hangs must keep the pod from being stopped.
"""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from fptui.adapters.gpu_history import HistoryWriter
from fptui.adapters.nvml import NvmlSource
from fptui.core.gpu import GpuReport
from fptui.core.gpu_history import Pod, history_folder
from fptui.core.project import Project, Settings

_PERIOD = 1.0


class GpuRecorder:
    """`begin` once; `report` is what was read last."""

    def __init__(
        self,
        source: NvmlSource,
        projects: Callable[[], Sequence[str]],
        pod: Callable[[], Pod],
        log: Callable[[str], None],
    ) -> None:
        self.report = GpuReport(())
        self._source, self._projects, self._pod, self._log = source, projects, pod, log
        self._writers: dict[str, HistoryWriter] = {}
        self._trouble: dict[str, str] = {}

    def begin(self) -> None:
        self._source.start_peak_sampler()
        threading.Thread(target=self._go_on, name="gpu-recorder", daemon=True).start()

    def record(self) -> None:
        """One look at the GPUs, one record of each in every project."""
        self.report = self._source.read()
        if not self.report.gpus:
            return
        pod = self._pod()
        for project in self._projects():
            runs = Project(Path(project), "", Settings()).runs
            if not runs.is_dir():
                continue
            writer = self._writers.setdefault(project, HistoryWriter(history_folder(runs, pod.pod_id, pod.host)))
            try:
                for gpu in self.report.gpus:
                    writer.write(gpu, pod)
                self._trouble.pop(project, None)
            except OSError as error:
                trouble = f"{writer.folder} cannot be written: {error.strerror}."
                if self._trouble.get(project) != trouble:
                    self._trouble[project] = trouble
                    self._log(trouble)

    def _go_on(self) -> None:
        wait = threading.Event()
        while True:
            try:
                self.record()
            except Exception as error:  # whatever it was, the next second may be better
                self._log(f"GPUs: {type(error).__name__}: {error}")
            wait.wait(_PERIOD)
