"""config.toml is what two readers agree on; whatever else is refused with a sentence. And keys taken out of a text."""

import json
import os
import re
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fptui.core.musubi.trainer_toml import LARGEST, CannotDrop, flattened, line_of, read, read_text, without
from fptui.core.standard_toml import loads
from fptui.errors import Refused

WEST = timezone(timedelta(hours=-8))
CONFIG = 'dit = "a"  # a = comment\n\n[train]\n  "seed"=1\nnote = """\ntoken = 2\n"""\n\'token\' = 3\nlast = [1,\n 2]\n'


def config(folder: Path, text: str | bytes) -> Path:
    path = folder / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ('a = "Gr\u00fc\u00dfe" # b = 1\r\nb = 0x10\r\n', {"a": "Gr\u00fc\u00dfe", "b": 16}),
        (
            "a = 1e-4\nb = 1_000\nc = -0.0\nd = inf\ne = true",
            {"a": 1e-4, "b": 1000, "c": 0, "d": float("inf"), "e": True},
        ),
        ("a = [\n 'x', # y\n 'z',\n]", {"a": ["x", "z"]}),
        ("a.b = 1\n[c.d]\ne = {f = 'C:\\g'}", {"a": {"b": 1}, "c": {"d": {"e": {"f": "C:\\g"}}}}),
        ("[[datasets]]\na = 1\n[[datasets]]\na = 2", {"datasets": [{"a": 1}, {"a": 2}]}),
        ("a = 1979-05-27T07:32:00-08:00", {"a": datetime(1979, 5, 27, 7, 32, tzinfo=WEST)}),
        ("a = 1979-05-27", {"a": date(1979, 5, 27)}),
    ],
)
def test_what_both_readers_agree_on(tmp_path: Path, text: str, value: dict[str, Any]) -> None:
    assert read(config(tmp_path, text)) == value


def test_not_a_number_is_itself(tmp_path: Path) -> None:
    assert str(read(config(tmp_path, "a = [nan]"))) == "{'a': [nan]}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"\xef\xbb\xbfa = 1", ", line 1: a byte order mark, which the trainer takes into the first key"),
        ("a=0xFF", ": the trainer's TOML reader .* refuses it: .*line 1"),
        ("b = 1\na = [1, 'x']", ": the trainer's TOML reader .* refuses it: Not a homogeneous array .line 2"),
        ("a = [1, 2.0]", "refuses it: Not a homogeneous array"),
        ("b = 1\nx=[", " is not TOML: .*end of document"),
        ("a = 1\na = 2\nb = 3", " is not TOML: .*line 2"),
        ("[a]\n[b]\n[a]\n", " is not TOML: .*line 3"),
        ("a = '\x1b[2J", " is not TOML: "),
        (b"a = 1\n\xff\x00", r" is not UTF-8 text .byte 6."),
        (b"\x00\x01\x02", " is not TOML: "),
        ('a = ["x\\u0000y"]', ": a text in it holds a NUL"),
        ('"\\u0000" = 1', ", \ufffd: .* reads another value"),
        ('[t]\nb = 1\na = """\nx\n"""  # y', ", line 3, a: .* reads another value than TOML says"),
        ("a = '''x  \ny'''", ", line 1, a: .* reads another value"),
    ],
)
def test_refusals_name_the_file(tmp_path: Path, text: str | bytes, words: str) -> None:
    path = config(tmp_path, text)
    with pytest.raises(Refused, match=f"^{re.escape(str(path))}{words}" if words[0] in " ,:" else words) as error:
        read(path)
    assert "\x1b" not in str(error.value) and "\n" not in str(error.value) and len(str(error.value)) < 500


@pytest.mark.parametrize(
    ("sign", "times", "words"),
    [
        ("#", LARGEST + 1, "is larger than 1 MB: this is no config"),
        ("a = " + "[" * 5000, 1, "is not TOML: "),
        ("a = [" + "[" * 5000 + "]" * 5000, 1, "is not TOML: "),
        ("a." * 3000 + "a = 1", 1, "its tables are nested too deep|more than the allowed 1000 parts"),
        ("[" + "a." * 3000 + "a]\nb = 1", 1, "its tables are nested too deep|more than the allowed 1000 parts"),
    ],
    ids=["long", "unfinished", "lists", "keys", "tables"],
)
def test_too_much_of_it(tmp_path: Path, sign: str, times: int, words: str) -> None:
    with pytest.raises(Refused, match=words):
        read(config(tmp_path, sign * times))


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"/config\.toml is missing\.$"):
        read(tmp_path / "config.toml")
    with pytest.raises(Refused, match=r" is no file\.$"):
        read(tmp_path)
    with pytest.raises(Refused, match=r"cannot be read: Not a directory\.$"):
        read_text(config(tmp_path, "") / "config.toml")
    if os.geteuid() != 0:
        (tmp_path / "config.toml").chmod(0)
        with pytest.raises(Refused, match="cannot be read: Permission denied"):
            read_text(tmp_path / "config.toml")


def test_the_largest_file_is_still_read(tmp_path: Path) -> None:
    assert len(read_text(config(tmp_path, b"#" * LARGEST))) == LARGEST


def test_flattened_is_one_level_and_the_later_wins() -> None:
    tables = {"a": 1, "t": {"a": 2, "deep": {"b": 3}}, "u": {"c": 4}, "c": 5}
    assert flattened(tables) == {"a": 2, "deep": {"b": 3}, "c": 5}
    assert flattened({"t": {"a": 2}, "a": 1}) == {"a": 1}


@pytest.mark.parametrize(
    ("key", "line"),
    [("dit", 1), ("seed", 4), ("token", 6), ("last", 9), ("train", None), ("comment", None), ("a", None)],
)
def test_line_of(key: str, line: int | None) -> None:
    assert line_of(CONFIG, key) == line


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a = 1\nx = 2\nb = 3", "a = 1\n\nb = 3"),
        ("  'x'=[1, 2] # y\n\"x.y\" = 1\nxx = 2\n", '\n"x.y" = 1\nxx = 2\n'),
        ('[t]\nx = "a"\r\nb = 1\n[u]\n"x" = 2', "[t]\n\nb = 1\n[u]\n"),
        ("x = '''one line'''\ny = {z = 1}\nb = nan", "\n\nb = nan"),
        ("x.b = 1\n[t]\nx = 2", "x.b = 1\n[t]\n"),
        ("b = 'x = 1'\n# x = 2", None),
        ('b = """\nx = 1\n"""', None),
        ("[x]\nb = 1", None),
        ("", None),
    ],
)
def test_keys_are_dropped_line_by_line(text: str, left: str | None) -> None:
    assert without(text, ("x", "y", "z")) == (text if left is None else left)


@pytest.mark.parametrize(
    "text",
    [
        "x = [\n1,\n]",
        'x = """\na = 1\n"""',
        "t.x = 1",
        "t = {x = 1}",
        'x = 1\nb = """\nx = 2\n"""',
        "x = 1\n[t.deep]\nx = 2",
    ],
)
def test_what_cannot_be_dropped_alone(text: str) -> None:
    with pytest.raises(CannotDrop, match=r"^x$"):
        without(text, ("x",))


@pytest.mark.parametrize("hard", ["x = [\n1,\n]", "t.x = 1", 'x = """\nb = 1\n"""'])
def test_the_key_in_the_way_is_named(hard: str) -> None:
    with pytest.raises(CannotDrop, match=r"^x$"):
        without(f"a = 1\nz = 2\n{hard}", ("a", "x", "z"))


def test_no_keys_is_nothing_to_do() -> None:
    assert without(CONFIG, ()) == CONFIG


KEYS = st.sampled_from(["a", "aa", "x", "x-y", "1", "_a", "lr", "="])
VALUES = st.one_of(
    st.text("ab\n\"'#=[]x\\ ", max_size=8), st.integers(-9, 9), st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(), st.lists(st.integers(0, 9), max_size=3), st.lists(st.text("x=#'\"", max_size=3), max_size=3),
)  # fmt: skip


def lines(table: dict[str, Any]) -> str:
    """TOML writes these values as JSON does, and a key with or without quotes."""
    return "".join(f"{key if key.isalnum() else json.dumps(key)} = {json.dumps(table[key])}\n" for key in table)


@given(st.dictionaries(KEYS, VALUES, max_size=6), st.dictionaries(KEYS, VALUES, max_size=4), st.frozensets(KEYS))
def test_without_leaves_exactly_the_others(top: dict[str, Any], table: dict[str, Any], keys: frozenset[str]) -> None:
    left = flattened(loads(without(f"{lines(top)}[table]\n{lines(table)}", keys)))
    assert left == {key: value for key, value in {**top, **table}.items() if key not in keys}
