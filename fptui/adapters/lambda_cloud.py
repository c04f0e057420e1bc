"""Lambda Cloud: terminates this instance, and only where that was chosen, as it has no stop.

From its API reference: POST `instance-operations/terminate` with `{"instance_ids": [id]}`, answered with `{"data":
{"terminated_instances": […]}}`; GET `instances/ID` with `data.status`, `data.instance_type` and
`data.file_system_names`; the key as bearer. An
instance does not know its own id. Tested against an imitation alone.
"""

import re
from typing import Any

from fptui.adapters.http_json import Answer
from fptui.adapters.service_words import dollars
from fptui.adapters.simple_cloud import SimpleCloud
from fptui.core.provider import PodState


class LambdaCloud(SimpleCloud):
    """The instance that this runs on."""

    address = "https://cloud.lambda.ai/api/v1"
    name = "Lambda Cloud"
    _variables = "LAMBDA_INSTANCE_ID and LAMBDA_API_KEY"

    def _refused(self, terminate: bool) -> str | None:
        if terminate:
            return None
        return (
            "Lambda Cloud cannot stop an instance, only terminate it, which deletes its disk: "
            "set terminate = true in [tool.fptui.autostop] if that is what you want. It is done only where a file "
            "system is attached and every result lies there or is uploaded."
        )

    def _is_id(self, pod_id: str) -> bool:
        return re.fullmatch(r"[A-Za-z0-9_-]{1,64}", pod_id) is not None

    def _ask(self, key: str, terminate: bool) -> Answer:
        url = f"{self._url}/instance-operations/terminate"
        return self._http.request("POST", url, key, {"instance_ids": [self.pod_id]}, limit=self._limit)

    def _look(self, key: str) -> Answer:
        return self._http.request("GET", f"{self._url}/instances/{self.pod_id}", key, limit=self._limit)

    def _is_yes(self, content: Any) -> bool:
        data = content.get("data") if isinstance(content, dict) else None
        ended = data.get("terminated_instances") if isinstance(data, dict) else None
        return isinstance(ended, list) and any(
            isinstance(each, dict) and each.get("id") == self.pod_id for each in ended
        )

    def _state(self, answer: Answer) -> PodState:
        content = answer.content
        if answer.status == 404 and isinstance(content, dict) and "error" in content:
            return PodState.GONE
        data = content.get("data") if answer.status == 200 and isinstance(content, dict) else None
        if not isinstance(data, dict) or data.get("id") != self.pod_id or not isinstance(data.get("status"), str):
            return PodState.UNKNOWN
        return PodState.GONE if data["status"] == "terminated" else PodState.RUNNING

    def _has_volume(self, content: Any) -> bool:
        return bool(content["data"].get("file_system_names"))

    def _facts(self, content: Any) -> tuple[float | None, str | None]:
        kind = content["data"].get("instance_type")
        if not isinstance(kind, dict):
            return None, None
        cents, gpu = dollars(kind.get("price_cents_per_hour")), kind.get("gpu_description") or kind.get("description")
        return cents / 100 if cents else None, gpu if isinstance(gpu, str) else None
