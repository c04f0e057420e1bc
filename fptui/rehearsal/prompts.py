"""The sample prompts file, read as the trainer reads it: the prompt itself is matched against the options, too."""

import json
import re
from pathlib import Path
from typing import Any

from fptui.rehearsal.console import complain

_LOGGER = "musubi_tuner.training.sampling_prompts"
_WHOLE, _DECIMAL, _TEXT = r"(\d+)", r"([\d\.]+)", r"(.+)"
# Option -> (what follows it, key). The first that matches wins.
_OPTIONS = {
    "w": (_WHOLE, "width"),
    "h": (_WHOLE, "height"),
    "f": (_WHOLE, "frame_count"),
    "d": (_WHOLE, "seed"),
    "s": (_WHOLE, "sample_steps"),
    "g": (_DECIMAL, "guidance_scale"),
    "fs": (_DECIMAL, "discrete_flow_shift"),
    "l": (_DECIMAL, "cfg_scale"),
    "n": (_TEXT, "negative_prompt"),
    "i": (_TEXT, "image_path"),
    "ei": (_TEXT, "end_image_path"),
    "cn": (_TEXT, "control_video_path"),
    "ci": (_TEXT, "control_image_path"),
    "of": (_TEXT, "one_frame"),
}


def parse_line(line: str) -> dict[str, Any]:
    """One line of a .txt file."""
    pieces = line.split(" --")
    prompt: dict[str, Any] = {"prompt": pieces[0]}
    for piece in pieces:
        for option, (pattern, key) in _OPTIONS.items():
            found = re.match(f"{option} {pattern}", piece, re.IGNORECASE)
            if found is None:
                continue
            text = found[1]
            try:
                if pattern == _WHOLE:
                    prompt[key] = max(1, min(1000, int(text))) if option == "s" else int(text)
                elif pattern == _DECIMAL:
                    prompt[key] = float(text)
                elif option == "ci":
                    prompt.setdefault(key, []).append(text.strip())
                else:
                    prompt[key] = text if option == "n" else text.strip()
            except ValueError as error:
                complain(_LOGGER, f"Exception in parsing / 解析エラー: {piece}")
                complain(_LOGGER, error)
            break
    return prompt


def load_prompts(path: str) -> list[dict[str, Any]]:
    """The prompts of a .txt, .toml or .json file, numbered by `enum`. Raises FileNotFoundError, KeyError, TypeError."""
    entries: list[Any]
    if path.endswith(".txt"):
        with Path(path).open(encoding="utf-8") as file:
            entries = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    elif path.endswith(".toml"):
        import toml

        with Path(path).open(encoding="utf-8") as file:
            table = toml.load(file)["prompt"]
        entries = [dict(**table, **subset) for subset in table["subset"]]
    elif path.endswith(".json"):
        entries = json.loads(Path(path).read_text(encoding="utf-8"))
    else:
        raise UnboundLocalError("cannot access local variable 'prompts' where it is not associated with a value")
    prompts = [parse_line(entry) if isinstance(entry, str) else dict(entry) for entry in entries]
    for number, prompt in enumerate(prompts):
        prompt["enum"] = number
        prompt.pop("subset", None)
    return prompts
