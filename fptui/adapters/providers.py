"""Which service stops this machine."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from fptui.adapters.pod import PROCESS_ONE, WRITTEN, first_value, pod_keys
from fptui.core.provider import Provider

# The services are imported where one is wanted: HTTP and TLS take long to import, and most machines are no pods.


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

    RUNPOD_API_BASE_URL puts another service in RunPod's place, for trying autostop out: https, or this machine; GraphQL
    at /graphql and REST at /v2 below it."""

    def value(name: str) -> str | None:
        return first_value(name, environment, process_one, written)

    def keys(*names: str) -> list[tuple[str, str]]:
        return [(name, found) for name in names if (found := value(name))]

    if choice == "auto":
        on_vast = value("CONTAINER_ID") and value("CONTAINER_API_KEY")
        choice = "runpod" if value("RUNPOD_POD_ID") else "vast" if on_vast else "command" if stop_command else "none"
    if choice == "runpod":
        from fptui.adapters.runpod import RunPod
        from fptui.adapters.runpod_http import BASE_URL

        return RunPod(
            value("RUNPOD_POD_ID"),
            pod_keys(environment, process_one, written),
            base_url=environment.get("RUNPOD_API_BASE_URL") or BASE_URL,
            resolved=resolved,
        )
    if choice == "vast":
        from fptui.adapters.vast import Vast

        return Vast(value("CONTAINER_ID"), keys("CONTAINER_API_KEY", "VAST_API_KEY"), resolved=resolved)
    if choice == "lambda":
        from fptui.adapters.lambda_cloud import LambdaCloud

        return LambdaCloud(value("LAMBDA_INSTANCE_ID"), keys("LAMBDA_API_KEY"), resolved=resolved)
    if choice == "command":
        from fptui.adapters.command_provider import CommandProvider

        return CommandProvider(stop_command, environment)
    return None
