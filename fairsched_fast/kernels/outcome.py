"""What kernels write."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BUDGET, CAPACITY, USER_CAPS, CEILINGS = 0, 1, 2, 3  # why a run ended


class Outcome(NamedTuple):
    """What a run writes. The order is in one of the last three, or in none.

    Lockstep writes `small` alone.
    """

    granted: NDArray[np.int32]  # (J, S) executors given to each job
    steps: NDArray[np.int32]  # (S,) executors given
    stop: NDArray[np.int8]  # (S,) BUDGET, CAPACITY, USER_CAPS or CEILINGS
    small: NDArray[np.int8]  # (N, S) the job chosen at each step, −1 where none
    medium: NDArray[np.int16]  # (N, S)
    large: NDArray[np.int32]  # (N, S)
