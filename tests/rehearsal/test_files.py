"""The formats that the rehearsal writes by hand."""

from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from fptui.rehearsal import tensors
from fptui.rehearsal.events import EventFile, masked_crc
from tests.rehearsal.scalars import scalars


def test_the_checksum_is_crc32c_masked() -> None:
    # 0xE3069283 is the check value of CRC-32C; the mask is TFRecord's.
    crc = 0xE3069283
    assert masked_crc(b"123456789") == (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def test_events_can_be_read_as_soon_as_they_are_flushed(tmp_path: Path) -> None:
    file = EventFile(tmp_path)
    file.add_scalar("loss/current", 0.5, 3)
    file.add_scalar("loss/current", float("nan"), 300)
    file.flush()
    (path,) = tmp_path.iterdir()
    (first, second) = scalars(path)["loss/current"]
    assert first == (3, 0.5)
    assert second[0] == 300
    assert np.isnan(second[1])
    file.close()


def test_the_safetensors_package_reads_what_was_written(tmp_path: Path) -> None:
    written = {
        "b": np.arange(6, dtype=np.float32).reshape(2, 3),
        "a": np.array([True, False, True]),
        "c": np.array(2.0, np.float32),
        "d": np.array([1, -1], np.int64),
        "e": np.zeros((0, 4), np.float16),
    }
    path = tmp_path / "x.safetensors"
    path.write_bytes(tensors.packed(written, {"ss_output_name": "日本語"}))
    found = load_file(path)
    assert found.keys() == written.keys() == tensors.read(path).keys()
    for name, values in written.items():
        np.testing.assert_array_equal(found[name], values)
        np.testing.assert_array_equal(tensors.read(path)[name], values)
    with safe_open(path, framework="numpy") as file:
        assert file.metadata() == {"ss_output_name": "日本語"} == tensors.read_metadata(path)


def test_bfloat16_halves_the_file_and_keeps_two_digits(tmp_path: Path) -> None:
    values = np.random.default_rng(0).standard_normal((64, 64)).astype(np.float32)
    path = tmp_path / "x.safetensors"
    path.write_bytes(tensors.packed({"x": values}, {}, bfloat16=True))
    with safe_open(path, framework="numpy") as file:
        assert file.get_slice("x").get_dtype() == "BF16"
    assert path.stat().st_size < values.nbytes * 0.52
    np.testing.assert_allclose(tensors.read(path)["x"], values, rtol=2**-8)


def test_a_slow_write_lies_there_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, sizes = tmp_path / "x", []
    monkeypatch.setenv("FPTUI_REHEARSAL_SAVE_SECONDS", "2.5")
    monkeypatch.setattr("time.sleep", lambda seconds: sizes.append((seconds, path.stat().st_size)))
    tensors.write_slowly(path, b"x" * 100)
    assert sizes == [(2.5, 50)]
    assert path.read_bytes() == b"x" * 100
