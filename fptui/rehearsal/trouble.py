"""FPTUI_REHEARSAL_FAIL: failures that a tiny network does not have by itself, in the real ones' words."""

import numpy as np

from fptui.rehearsal import switches
from fptui.rehearsal.network import Network

_OUT_OF_MEMORY = (
    "CUDA out of memory. Tried to allocate 1.50 GiB. GPU 0 has a total capacity of 23.65 GiB of which 1.12 GiB is "
    "free. Including non-PyTorch memory, this process has 22.53 GiB memory in use. Of the allocated memory 20.37 GiB "
    "is allocated by PyTorch, and 1.71 GiB is reserved by PyTorch but unallocated. If reserved but unallocated memory "
    "is large try setting PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True to avoid fragmentation.  See documentation "
    "for Memory Management  (https://docs.pytorch.org/docs/stable/notes/cuda.html"
    "#optimizing-memory-usage-with-pytorch-cuda-alloc-conf)"
)


class OutOfMemoryError(RuntimeError):
    """Named in tracebacks as torch names its own."""

    __module__ = "torch"


def strike(network: Network, step: int) -> None:
    """Does what the switch asks for in this step, the first being 1."""
    asked = switches.failure()
    if asked is None or asked[1] != step:
        return
    kind = asked[0]
    if kind == "out-of-memory":
        raise OutOfMemoryError(_OUT_OF_MEMORY)
    if kind == "crash":
        raise RuntimeError("CUDA error: an illegal memory access was encountered")
    if kind == "nan":
        for values in network.weights.values():
            values[:] = np.nan
        return
    raise ValueError(f"FPTUI_REHEARSAL_FAIL: {kind!r} is none of out-of-memory, nan, crash")
