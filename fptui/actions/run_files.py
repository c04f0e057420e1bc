"""What a new run's folder holds beside its record: the three files of its version, as they were."""

from collections.abc import Mapping
from dataclasses import dataclass

from fptui.core.musubi import trainer_toml
from fptui.core.secrets import blank, without_tokens
from fptui.core.version import Version
from fptui.errors import Refused


@dataclass(frozen=True)
class RunFiles:
    """Texts by name in RUN/config. The trainer reads `trainer_config`; `secrets` are variables that carry the tokens
    that stood in config.toml."""

    texts: Mapping[str, str]
    trainer_config: str
    secrets: Mapping[str, str]


def run_files(version: Version, dropped: frozenset[str] = frozenset()) -> RunFiles:
    """config.toml without tokens, and, where keys must be dropped that no command line can take back, trainer.toml
    without those too. Editing the version's own files changes nothing for a run that was started."""
    try:
        return _run_files(version, dropped)
    except trainer_toml.CannotDrop as error:
        raise Refused(
            f"{version.where(str(error))}: write it as `key = value` on a line of its own, so that this run can go "
            "without it."
        ) from None


def _run_files(version: Version, dropped: frozenset[str]) -> RunFiles:
    config_text = trainer_toml.read_text(version.config_path)
    kept, secrets = blank(config_text, version.config)
    texts = {"config.toml": kept, "dataset.toml": without_tokens(trainer_toml.read_text(version.dataset_path))}
    if version.prompts_path is not None:
        texts[prompts_name(version)] = without_tokens(trainer_toml.read_text(version.prompts_path))
    dropped &= frozenset(version.config)
    if not dropped:
        return RunFiles(texts, "config.toml", secrets)
    texts["trainer.toml"] = trainer_toml.without(kept, dropped)
    return RunFiles(texts, "trainer.toml", secrets)


def prompts_name(version: Version) -> str:
    """The trainer goes by the suffix (.txt, .toml or .json), so it stays."""
    assert version.prompts_path is not None
    return f"prompts{version.prompts_path.suffix}"
