"""Vast.ai: stops (keeping the disk, which goes on costing) or destroys this instance.

From its API reference: `manage instance` (PUT `{"state": "stopped"}`, answered with `{"success": true}`), `destroy
instance` (DELETE) and `show instance` (GET, `{"instances": {…}}` with `actual_status` and `intended_status`). The
environment of an instance's process 1 has CONTAINER_ID and CONTAINER_API_KEY. Tested against an imitation alone.
"""

import re
from typing import Any

from fptui.adapters.http_json import Answer
from fptui.adapters.service_words import dollars
from fptui.adapters.simple_cloud import SimpleCloud
from fptui.core.provider import PodState


class Vast(SimpleCloud):
    """The instance that this runs on."""

    address = "https://console.vast.ai/api/v0"
    name = "Vast.ai"
    _variables = "CONTAINER_ID and CONTAINER_API_KEY, or VAST_API_KEY"

    def _is_id(self, pod_id: str) -> bool:
        return re.fullmatch(r"[0-9]{1,20}", pod_id) is not None

    def _ask(self, key: str, terminate: bool) -> Answer:
        if terminate:
            return self._http.request("DELETE", self._instance(), key, limit=self._limit)
        return self._http.request("PUT", self._instance(), key, {"state": "stopped"}, limit=self._limit)

    def _look(self, key: str) -> Answer:
        return self._http.request("GET", self._instance(), key, limit=self._limit)

    def _is_yes(self, content: Any) -> bool:
        return isinstance(content, dict) and content.get("success") is True

    def _state(self, answer: Answer) -> PodState:
        content = answer.content
        if answer.status == 404 and isinstance(content, dict):
            return PodState.GONE
        if answer.status != 200 or not isinstance(content, dict) or "instances" not in content:
            return PodState.UNKNOWN
        instance = content["instances"]
        if instance is None:
            return PodState.GONE
        if not isinstance(instance, dict) or str(instance.get("id")) != self.pod_id:
            return PodState.UNKNOWN
        actual, intended = instance.get("actual_status"), instance.get("intended_status")
        if actual == "stopped" or (actual == "exited" and intended == "stopped"):
            return PodState.STOPPED
        # `offline` and `unknown`: its host does not say.
        return PodState.UNKNOWN if actual in ("offline", "unknown", None) else PodState.RUNNING

    def _facts(self, content: Any) -> tuple[float | None, str | None]:
        gpu = content["instances"].get("gpu_name")
        return dollars(content["instances"].get("dph_total")), gpu if isinstance(gpu, str) else None

    def _instance(self) -> str:
        return f"{self._url}/instances/{self.pod_id}/"
