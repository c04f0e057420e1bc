"""The one way for text from outside (captions, logs, file names, error messages) onto a screen."""

import re
import unicodedata

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[@-Z\\-_])")


def plain(text: str | bytes, limit: int = 10_000) -> str:
    """One line of harmless text: escape sequences removed, tabs and line ends made blanks, other control, format and
    surrogate characters made visible as `�`; cut at `limit` characters with `…`. Markup is left as it is: whoever draws
    must not interpret any."""
    if isinstance(text, bytes):
        text = text[: 4 * limit].decode("utf-8", "replace")
    cut = len(text) > limit
    text = _ESCAPE.sub("", text[: limit + 1])[:limit]
    text = "".join(_harmless(character) for character in text) if not text.isprintable() else text
    return text + "…" if cut else text


def _harmless(character: str) -> str:
    if character in "\t\r\n":
        return " "
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} and character != "\u200d":
        return "\ufffd"
    return character
