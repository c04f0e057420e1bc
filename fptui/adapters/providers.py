"""Which service stops this machine."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from fptui.adapters import lambda_cloud, vast
from fptui.adapters.command_provider import CommandProvider
from fptui.adapters.lambda_cloud import LambdaCloud
from fptui.adapters.pod import PROCESS_ONE, WRITTEN, first_value, pod_keys
from fptui.adapters.runpod import RunPod
from fptui.adapters.runpod_http import GRAPHQL_URL, REST_URL
from fptui.adapters.vast import Vast
from fptui.core.provider import Provider


def provider_for(
    choice: str,
    environment: Mapping[str, str],
    stop_command: Sequence[str] = (),
    *,
    resolved: Mapping[str, Sequence[str]] | None = None,
    process_one: Path = PROCESS_ONE,
    written: Path = WRITTEN,
) -> Provider | None:
    """`runpod`, `vast`, `lambda`, `command`, `none`, or `auto`: RunPod or Vast.ai by their variables, else the command
    if there is one, else None. Never Lambda Cloud by itself, which can only terminate. Asks nobody.

    FPTUI_RUNPOD_GRAPHQL_URL and FPTUI_RUNPOD_REST_URL put another service in RunPod's place, for trying autostop out;
    https, or this machine."""

    def value(name: str) -> str | None:
        return first_value(name, environment, process_one, written)

    def runpod() -> Provider:
        return RunPod(
            value("RUNPOD_POD_ID"),
            pod_keys(environment, process_one, written),
            graphql_url=environment.get("FPTUI_RUNPOD_GRAPHQL_URL") or GRAPHQL_URL,
            rest_url=environment.get("FPTUI_RUNPOD_REST_URL") or REST_URL,
            resolved=resolved,
        )

    def cloud(kind: type[Vast] | type[LambdaCloud], url: str, pod_id: str, names: Sequence[str]) -> Provider:
        return kind(value(pod_id), [(name, found) for name in names if (found := value(name))], url)

    if choice == "auto":
        on_vast = value("CONTAINER_ID") and value("CONTAINER_API_KEY")
        choice = "runpod" if value("RUNPOD_POD_ID") else "vast" if on_vast else "command" if stop_command else "none"
    if choice == "runpod":
        return runpod()
    if choice == "vast":
        return cloud(Vast, vast.URL, "CONTAINER_ID", ("CONTAINER_API_KEY", "VAST_API_KEY"))
    if choice == "lambda":
        return cloud(LambdaCloud, lambda_cloud.URL, "LAMBDA_INSTANCE_ID", ("LAMBDA_API_KEY",))
    if choice == "command":
        return CommandProvider(stop_command, environment)
    return None
