"""What panels draw, as text, at several widths."""

from dataclasses import replace

import pytest

from fptui.core.facts import LogFacts
from fptui.core.gpu import GpuReading, GpuReport
from fptui.core.status import Stage, Status
from fptui.tui.keys import KEYS
from fptui.tui.rows import Row, text_of, width_of
from fptui.tui.widgets.bars import draw_keys
from fptui.tui.widgets.gpu_panel import draw_gpus
from fptui.tui.widgets.log_panel import draw_line, draw_tail, role_of
from fptui.tui.widgets.run_panel import draw_run
from fptui.tui.widgets.runs_table import draw_runs
from tests.tui.fakes import LOG, NOW, busy_watch, h100, record, run


def texts(rows: list[Row]) -> list[str]:
    return [text_of(item).rstrip() for item in rows]


def test_the_run_at_a_glance() -> None:
    drawn = texts(draw_run(run(), NOW, 57))
    assert drawn[0] == "● training   step 412/500   epoch 3/30   28.7 s/step"
    assert drawn[1] == "loss 0.0231 (average 0.0254)   lr 1.4e-3"
    assert drawn[2] == "next save at 500 in 42 min     ends in 42 min"
    assert drawn[3].endswith("82 %")


@pytest.mark.parametrize("width", [30, 40, 56, 76, 100])
def test_the_same_facts_at_every_width_and_none_cut(width: int) -> None:
    view = run()
    drawn = draw_run(view, NOW, width)
    assert all(width_of(item) <= width for item in drawn)
    together = " ".join(" ".join(texts(drawn)).split())
    numbers = ("412/500", "3/30", "28.7 s/step", "0.0231", "0.0254", "1.4e-3", "82 %")
    for part in ("training", "at 500 in 42 min", *numbers):
        assert part in together


def test_a_stop_that_is_under_way_is_told() -> None:
    assert "Stops at its next save, step 500, in 42 min." in texts(draw_run(run(row_stop="at-save"), NOW, 60))
    assert "Stopping now." in texts(draw_run(run(Status.STOPPING, row_stop="now"), NOW, 60))


def test_what_is_not_known_yet_is_not_shown_as_zero() -> None:
    unknown = dict.fromkeys(
        ("epoch", "loss_current", "loss_average", "learning_rate", "seconds_per_step", "eta_seconds", "next_save_step")
    )
    view = run(Status.LOADING, row_step=None, facts=LogFacts(), **unknown)
    drawn = " ".join(texts(draw_run(view, NOW, 60)))
    assert "?/500" in drawn
    assert "0/500" not in drawn
    assert "loss" not in drawn


def test_without_raw_losses_the_average_is_called_one() -> None:
    assert "average loss 0.0254" in texts(draw_run(run(loss_current=None), NOW, 60))[1]


def test_one_gpu() -> None:
    drawn = texts(draw_gpus(GpuReport((h100(),)), {0: [90, 95, 98]}, 56, 8))
    assert drawn[0].startswith("util  98 %")
    assert drawn[0].endswith("612/700 W   64 °C")
    assert drawn[1].startswith("vram 73.4 of 79.6 GiB")
    assert drawn[1].endswith("peak 76.1")
    assert drawn[2] == "clock 1755 · memory 2619 MHz   not slowed"


def test_why_it_is_slowed() -> None:
    slowed = h100(throttle_reasons=("power cap", "thermal"))
    drawn = texts(draw_gpus(GpuReport((slowed,)), {}, 56, 2))
    assert "slowed by power cap, thermal" in drawn


def test_a_gpu_that_says_nothing_is_unknown() -> None:
    mute = GpuReading(0, None, None, NOW)
    drawn = " ".join(texts(draw_gpus(GpuReport((mute,)), {}, 56, 8)))
    assert "util   ? %" in drawn
    assert "? of ? GiB" in drawn
    assert "? W" in drawn
    assert "? °C" in drawn


@pytest.mark.parametrize("width", [36, 56, 76])
def test_several_gpus_a_line_each(width: int) -> None:
    report = GpuReport(tuple(h100(index) for index in range(8)))
    drawn = draw_gpus(report, {}, width, 8)
    assert [text_of(item).split()[0] for item in drawn] == list("01234567")
    assert all(width_of(item) <= width for item in drawn)
    short = texts(draw_gpus(report, {}, width, 2))
    assert len(short) == 2
    assert short[1] == "and 7 more: up to 98 %, 73.4 GiB"


def test_no_gpu_is_a_sentence_with_its_reason() -> None:
    drawn = texts(draw_gpus(GpuReport((), "No NVIDIA driver is loaded."), {}, 80, 8))
    assert drawn == ["No GPU here. Rehearsal runs train on the CPU.", "No NVIDIA driver is loaded."]


def test_progress_bars_in_the_log_keep_their_numbers() -> None:
    line = text_of(draw_line(LOG[-1], 78)[0])
    assert width_of(draw_line(LOG[-1], 78)[0]) <= 78
    assert line.startswith("steps:  82% ━")
    assert line.endswith("412/500 [3:16:51<42:02, 28.67s/it, avr_loss=0.0254]")


def test_the_tail_ends_with_the_last_line_and_shows_no_half_line_at_the_top() -> None:
    drawn = texts(draw_tail(["first " * 30, "second", "", "third"], 40, 4))
    assert drawn == ["second", "third"]


def test_lines_from_outside_are_text() -> None:
    drawn = texts(draw_line("[bold]x[/bold] \x1b[31mred\x1b[0m \x07", 60))
    assert drawn == ["[bold]x[/bold] red �"]


def test_errors_and_warnings_stand_out() -> None:
    assert role_of("RuntimeError: boom") == "bad"
    assert role_of("torch.OutOfMemoryError: CUDA out of memory.") == "bad"
    assert role_of("WARNING:musubi:NaN detected") == "warn"
    assert role_of("avr_loss=0.1") == ""


@pytest.mark.parametrize("width", [36, 44, 80, 120])
def test_the_runs_lose_whole_columns(width: int) -> None:
    rows = [view.row for view in busy_watch().runs]
    drawn = draw_runs(rows, rows[1].record.id, NOW, width, 10)
    assert all(width_of(item) <= width for item in drawn)
    lines = texts(drawn)
    assert lines[2].startswith("❯ v7 train")
    assert "out-of-memory" in lines[3]
    assert ("rehearsal" in lines[5]) is (width >= 100)


def test_a_long_list_is_shown_around_the_selected_run() -> None:
    first = run().row
    rows = [replace(first, record=replace(record(f"v{number}"), id=f"v{number}-x")) for number in range(50)]
    lines = texts(draw_runs(rows, "v40-x", NOW, 80, 6))
    assert len(lines) == 6
    assert any(line.startswith("❯ v40") for line in lines)


def test_a_caching_run_counts_items() -> None:
    view = run(Status.CACHING, record(stage=Stage.CACHE_TEXT))
    view = replace(view, facts=replace(view.facts, items_cached=3, items_to_cache=48))
    assert texts(draw_run(view, NOW, 60))[0] == "● caching   item 3/48"


def test_the_footer_keeps_help_and_quit() -> None:
    assert text_of(draw_keys(KEYS, 80)).split("  ")[-1] == "q quit"
    narrow = text_of(draw_keys(KEYS, 30))
    assert "? help" in narrow
    assert "q quit" in narrow
    assert len(narrow) <= 30
