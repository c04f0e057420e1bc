"""RunPod's two interfaces: what is asked, and what an answer means. No answer is taken for more than it says.

Facts: RunPod's API reference v2 and its GraphQL pages. v2's `status` is what the pod is; `desiredStatus` of GraphQL is
what is wanted of it.
"""

from typing import Any

from fptui.adapters.http_json import Answer, HttpJson
from fptui.adapters.service_words import refusal, said
from fptui.core.provider import PodState

BASE_URL = "https://api.runpod.io"
_STOP = "mutation stopPod($podId: String!) { podStop(input: {podId: $podId}) { id desiredStatus } }"
_TERMINATE = "mutation terminatePod($podId: String!) { podTerminate(input: {podId: $podId}) }"
_LOOK = (
    "query pod($podId: String!) "
    "{ pod(input: {podId: $podId}) { id desiredStatus costPerHr machine { gpuDisplayName } } }"
)
_DESIRED = {"RUNNING": PodState.RUNNING, "EXITED": PodState.STOPPED, "TERMINATED": PodState.GONE}
_REST_STATES = {"EXITED": PodState.STOPPED, "TERMINATED": PodState.GONE}


class RunPodHttp:
    """The requests, each within `limit` seconds."""

    def __init__(self, pod_id: str | None, http: HttpJson, graphql_url: str, rest_url: str) -> None:
        self._pod_id, self._http = pod_id, http
        self._graphql_url, self._rest_url = graphql_url, rest_url.rstrip("/")

    def resolve(self) -> dict[str, list[str]]:
        """The addresses of both."""
        return self._http.hosts.resolve([self._graphql_url, self._rest_url])

    def stop_by_graphql(self, key: str, terminate: bool, limit: float) -> Answer:
        """podStop or podTerminate."""
        return self._graphql(_TERMINATE if terminate else _STOP, key, limit)

    def look_by_graphql(self, key: str, limit: float) -> Answer:
        """id, desiredStatus, costPerHr, machine.gpuDisplayName."""
        return self._graphql(_LOOK, key, limit)

    def stop_by_rest(self, key: str, terminate: bool, limit: float) -> Answer:
        """The pod's action."""
        body = {"action": "terminate" if terminate else "stop"}
        return self._http.request("POST", f"{self._rest_url}/pods/{self._pod_id}/action", key, body, limit=limit)

    def look_by_rest(self, key: str, limit: float) -> Answer:
        """The pod."""
        return self._http.request("GET", f"{self._rest_url}/pods/{self._pod_id}", key, limit=limit)

    def _graphql(self, query: str, key: str, limit: float) -> Answer:
        body = {"query": query, "variables": {"podId": self._pod_id}}
        return self._http.request("POST", self._graphql_url, key, body, limit=limit)


def graphql_data(answer: Answer) -> tuple[dict[str, Any], str | None]:
    """The data, and why there is none: errors come with 200."""
    content = answer.content
    errors = content.get("errors") if isinstance(content, dict) else None
    if answer.status == 200 and answer.trouble is None and isinstance(content, dict) and not errors:
        data = content.get("data")
        if isinstance(data, dict):
            return data, None
        return {}, "Answered without data"
    if answer.status == 200 and answer.trouble is None:
        return {}, f"Refused: {said(answer) or 'no reason given'}"
    return {}, refusal(answer)


def is_pod_not_found(answer: Answer) -> bool:
    """GraphQL: there is no such pod for this key."""
    errors = answer.content.get("errors") if isinstance(answer.content, dict) else None
    codes = [each.get("extensions") for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
    return any(isinstance(code, dict) and code.get("code") == "POD_NOT_FOUND" for code in codes)


def graphql_state(answer: Answer, pod_id: str | None) -> PodState:
    """What is wanted of the pod."""
    data, refused = graphql_data(answer)
    if refused is not None:
        return PodState.GONE if is_pod_not_found(answer) else PodState.UNKNOWN
    pod: Any = data.get("pod")
    if pod is None and "pod" in data:
        return PodState.GONE
    if not is_pod(pod, pod_id):
        return PodState.UNKNOWN
    desired = pod.get("desiredStatus")
    return _DESIRED.get(desired, PodState.UNKNOWN) if isinstance(desired, str) else PodState.UNKNOWN


def rest_state(answer: Answer, pod_id: str | None) -> PodState:
    """What the pod is."""
    if answer.status in (404, 410):
        # Only in the service's own words: a proxy's page is no pod's end.
        return PodState.GONE if is_problem(answer) else PodState.UNKNOWN
    if answer.status != 200 or not is_pod(answer.content, pod_id):
        return PodState.UNKNOWN
    status = answer.content.get("status")
    return _REST_STATES.get(status, PodState.RUNNING) if isinstance(status, str) and status else PodState.UNKNOWN


def is_problem(answer: Answer) -> bool:
    """`application/problem+json` of a pod that is not there. 410 without more may be the whole interface's end."""
    return isinstance(answer.content, dict) and answer.content.get("status") == answer.status


def is_pod(content: Any, pod_id: str | None) -> bool:
    """This one."""
    return isinstance(content, dict) and content.get("id") == pod_id


def cure(answer: Answer) -> str:
    """What the user can do about it: a sentence."""
    if answer.status in (401, 403):
        return "Make a key in RunPod's settings and put it into FPTUI_RUNPOD_API_KEY."
    if answer.status == 404 or is_pod_not_found(answer):
        return "Compare RUNPOD_POD_ID with the id in RunPod's console."
    return "It is tried again; until it works, stop the pod in RunPod's console."
