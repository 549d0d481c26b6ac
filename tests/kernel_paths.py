"""Every path through the kernels, one at a time, whatever a problem's shape would choose.

`orders.steps` picks a path by sizes that compiled code has built in. Its plain Python function
reads them when it is called, and calls the same compiled kernels.
"""

import numpy as np
import pytest

from fairsched_fast import kernels
from fairsched_fast.engine import smallest_signed
from fairsched_fast.kernels import orders

RULES = {"skip": kernels.SKIP, "stop": kernels.STOP, "ignore": kernels.IGNORE}
COMPILED = hasattr(orders.steps, "py_func")  # not where NUMBA_DISABLE_JIT is set

PATHS = {  # path: what `orders.steps` must believe
    "lanes wherever they can": {"LANE_ROWS": 10**9, "FEWEST_LANES": 1},
    "one by one": {"LANE_ROWS": 0},
}


def blank_outputs(problem, N):
    """(J, S) granted and (N, S) choices, filled with what no kernel writes."""
    J, S = problem.order.shape[0], orders.scenarios(problem)
    return np.full((J, S), -7, np.int32), np.full((N, S), -7, smallest_signed(J))


def by_path(problem, on_full, N, path):
    """(J, S) granted and (N, S) choices, by a path."""
    granted, choices = blank_outputs(problem, N)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in PATHS[path].items():
            patch.setattr(orders, name, value)
        getattr(orders.steps, "py_func", orders.steps)(problem, RULES[on_full], 0, granted, choices)
    return granted, choices


def by_default(problem, on_full, N):
    """The same, by the path that the problem's shape chooses."""
    granted, choices = blank_outputs(problem, N)
    kernels.steps(problem, RULES[on_full], 0, granted, choices)
    return granted, choices


def by_counting(problem, on_full):
    """(J, S) granted, by the threshold search."""
    granted, _ = blank_outputs(problem, 0)
    kernels.totals(problem, RULES[on_full], 0, granted)
    return granted


def on_every_path(problem, on_full, N):
    """(J, S) granted and (N, S) choices, the same bytes whatever the path."""
    granted, choices = by_default(problem, on_full, N)
    for path in PATHS:
        other_granted, other_choices = by_path(problem, on_full, N, path)
        assert other_choices.tobytes() == choices.tobytes(), path
        assert other_granted.tobytes() == granted.tobytes(), path
    assert by_counting(problem, on_full).tobytes() == granted.tobytes(), "counting"
    return granted, choices
