"""What the pod of a run costs an hour."""

import os
from collections.abc import Mapping

from fptui.adapters.guard_files import guard_files
from fptui.adapters.pod import pod_facts
from fptui.core.project import Project
from fptui.core.run import RunRecord


class Prices:
    """For this pod what the project says, else what the service said to the guard; for another pod of the same volume
    what its own guard wrote down. None where nobody said."""

    def __init__(self, project: Project, environment: Mapping[str, str]) -> None:
        self.pod_id, self.host = pod_facts(environment).id, os.uname().nodename
        said = project.settings.autostop.get("price_per_hour")
        self._said = float(said) if isinstance(said, (int, float)) and not isinstance(said, bool) else None
        self._runs = project.runs
        self._files = guard_files(environment)
        self._others: dict[tuple[str | None, str], float | None] = {}

    @property
    def here(self) -> float | None:
        """This pod's."""
        return self._files.read_state().price_per_hour if self._said is None else self._said

    def of(self, record: RunRecord) -> float | None:
        """The price of the pod on which this run was started."""
        if record.pod_id == self.pod_id and (self.pod_id is not None or record.host in ("", self.host)):
            return self.here
        pod = (record.pod_id, record.host)
        if pod not in self._others:
            # `fptui status` of a run of this pod can do without
            from fptui.adapters.gpu_history import read_pod
            from fptui.core.gpu_history import history_folder

            found = read_pod(history_folder(self._runs, *pod))
            self._others[pod] = self._said if found is None else found.price_per_hour
        return self._others[pod]
