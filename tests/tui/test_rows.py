"""Rows: nothing is cut in the middle of a word or number, and Japanese widths are right."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from fptui.tui.rows import Piece, Row, fact, fit, flow, grid, pad, row, spread, text_of, width_of, wrap
from fptui.tui.spans import changed_spans


def texts(rows: list[Row]) -> list[str]:
    return [text_of(item) for item in rows]


def test_facts_go_on_to_the_next_line_whole() -> None:
    facts = [fact("step", "412/5000"), fact("epoch", "3/30"), fact("lr", "1.4e-3")]
    assert texts(flow(facts, 30)) == ["step 412/5000   epoch 3/30", "lr 1.4e-3"]


def test_columns_are_aligned_where_they_fit_and_flow_where_not() -> None:
    lines = [[fact("a", "1"), fact("b", "2")], [fact("long name", "3"), fact("c", "4")]]
    assert texts(grid(lines, 40)) == ["a 1           b 2", "long name 3   c 4"]
    assert texts(grid(lines, 12)) == ["a 1   b 2", "long name 3", "c 4"]


def test_the_right_part_goes_before_the_left_is_cut() -> None:
    assert text_of(spread(row("left"), row("right"), 11)) == "left  right"
    assert text_of(spread(row("left"), row("right"), 10)) == "left"


def test_japanese_counts_two_cells() -> None:
    assert width_of(row("学習")) == 4
    assert text_of(fit(row("学習開始"), 6)) == "学習…"
    assert texts(wrap("学習開始", 4)) == ["学習", "開始"]


def test_words_are_not_broken() -> None:
    assert texts(wrap("the quick brown fox", 10)) == ["the quick", "brown fox"]
    assert texts(wrap("the quick brown fox", 10, indent=2)) == ["the quick", "  brown", "  fox"]
    assert texts(wrap("one two three four", 9, limit=1)) == ["one two …"]


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=200), st.integers(4, 60))
def test_wrapped_text_fits_and_loses_nothing(text: str, width: int) -> None:
    lines = texts(wrap(text, width))
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=80), st.integers(1, 60))
def test_padded_rows_are_exactly_as_wide_as_asked(text: str, width: int) -> None:
    assert width_of(pad(row(text), width)) == width


def test_only_changed_cells_are_drawn_again() -> None:
    before = row("step ", Piece("411", "strong"), "/500" + " " * 20, "98 %")
    after = row("step ", Piece("412", "strong"), "/500" + " " * 20, "97 %")
    assert changed_spans(before, after) == [(7, 8), (33, 34)]
    assert changed_spans(before, before) == []
    assert changed_spans(row("a"), row(Piece("a", "bad"))) == [(0, 1)]
    assert changed_spans(row("abc"), row("ab")) == [(2, 3)]


def test_half_a_wide_character_is_never_drawn() -> None:
    assert changed_spans(row("a学b"), row("axxb")) == [(1, 3)]
    assert changed_spans(row("学習"), row("学学")) == [(2, 4)]
