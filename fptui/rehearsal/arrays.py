"""The one array type of the rehearsal."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
FLOAT = np.float32
