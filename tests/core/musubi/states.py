"""State folders as accelerate leaves them."""

import io
import zipfile
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from fptui.core.musubi.files import STATE_FILES

TENSORS = save({"a": np.ones((2, 3), np.float32), "b": np.zeros(5, np.int8)}, {"format": "pt"})


def make_state(path: Path) -> Path:
    """One safetensors file, two zips by torch.save, and one file that is neither."""
    path.mkdir(parents=True)
    for name, data in zip(STATE_FILES, (TENSORS, _archive(), _archive(), b"\x80\x04N."), strict=True):
        (path / name).write_bytes(data)
    return path


def _archive() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("archive/data.pkl", b"\x80\x02" * 40)
    return data.getvalue()
