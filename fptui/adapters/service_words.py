"""What services say, made fit to be kept and shown: one sentence, harmless, and never with a key in it."""

from collections.abc import Iterator, Sequence
from typing import Any

from fptui.adapters.http_json import Answer
from fptui.core.secrets import without_tokens
from fptui.core.text import plain

_LONGEST = 300
_WORDS = {
    400: "does not understand the request",
    401: "does not know the key",
    403: "does not let this key do that",
    404: "does not know this pod",
    409: "finds the pod in the wrong state",
    410: "no longer offers this",
    422: "does not accept the request",
    429: "asks for patience",
}


class Keys:
    """Keys with the names of their sources; those that cannot be keys are left out and named by `missing`."""

    def __init__(self, keys: Sequence[tuple[str, str]]) -> None:
        stripped = [(source, key.strip()) for source, key in keys]
        self._usable: list[tuple[str, str]] = []
        for source, key in stripped:
            if _is_key(key) and all(key != other for _, other in self._usable):
                self._usable.append((source, key))
        self._unusable = [source for source, key in stripped if key and not _is_key(key)]
        self._secrets = sorted({form for _, key in keys for form in (key, key.strip()) if form.strip()}, key=len)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._usable)

    def __len__(self) -> int:
        return len(self._usable)

    def __repr__(self) -> str:
        return f"Keys({[source for source, _ in self._usable]})"

    def missing(self, service: str) -> str:
        """Why there is none, and what to do."""
        if self._unusable:
            return f"{', '.join(self._unusable)} has characters that no key has: set it again."
        return f"There is no key for {service}: set FPTUI_RUNPOD_API_KEY to one from its settings."

    def clean(self, text: str, limit: int = _LONGEST) -> str:
        """One line, cut, every key blanked."""
        text = self._blanked(text)
        # Once more: what is left out by `plain` may have stood in the middle of a key.
        return plain(without_tokens(self._blanked(plain(text, len(text)))), limit)

    def _blanked(self, text: str) -> str:
        for secret in reversed(self._secrets):
            text = text.replace(secret, "…")
        return text


def refusal(answer: Answer) -> str:
    """Why an answer is not a yes, without a full stop."""
    if answer.status is None or (answer.trouble is not None and answer.status < 400):
        return (answer.trouble or "There was no answer").rstrip(".")
    words = _WORDS.get(answer.status, "fails" if answer.status >= 500 else "does not do that")
    why = said(answer)
    if answer.status < 300:
        return f"The service says no: {why}" if why else "The service answered without a yes"
    return f"The service {words} (status {answer.status}{': ' + why if why else ''})"


def said(answer: Answer) -> str:
    """The service's own words, of the fields in which services put them; neither cut nor clean: a key that is cut in
    two would no longer be found."""
    return _first_text(answer.content)


def dollars(value: object) -> float | None:
    """Above zero: a stopped machine costs 0.0, which is no price."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 < value < 1e6 else None


def _first_text(content: Any, depth: int = 0) -> str:
    if isinstance(content, str):
        return content.strip()
    if isinstance(content, list) and content and depth < 3:
        return _first_text(content[0], depth + 1)
    if isinstance(content, dict) and depth < 3:
        for field in ("errors", "detail", "message", "msg", "error", "title"):
            text = _first_text(content.get(field), depth + 1)
            if text:
                return text
    return ""


def _is_key(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text
