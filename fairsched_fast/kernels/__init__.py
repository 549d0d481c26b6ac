"""The compiled kernels: arrays in, arrays out; callable from your own `@njit` code.

    from fairsched_fast.kernels import Problem, SKIP, steps, totals

`Problem` says what goes in, `steps` writes orders, `totals` final allocations, `stops` why each run
ended, `sort_keys` what is compared at a state. `run_lanes` and `run_records` run a `WholeProblem`
of up to 128 jobs, `run_levels` one of equal demands. `blank_outcome` makes the `Outcome` that is
written, `choices_of` reads the order off it. Nothing is checked and nothing is raised here: `Batch`
and `allocate` do that. What is not listed is for kernels alone: called from Python it crashes.
"""

from fairsched_fast.kernels.endings import stops
from fairsched_fast.kernels.finals import totals
from fairsched_fast.kernels.greedy import Fault, Greedy, blank_fault, compile_greedy
from fairsched_fast.kernels.lanes import run_lanes
from fairsched_fast.kernels.levels import run_levels
from fairsched_fast.kernels.orders import steps
from fairsched_fast.kernels.outcome import (
    BUDGET,
    CAPACITY,
    CEILINGS,
    USER_CAPS,
    Outcome,
    blank_outcome,
    choices_of,
    smallest_signed,
)
from fairsched_fast.kernels.problem import (
    IGNORE,
    INTEGER,
    KEYS,
    QUOTIENT,
    SKIP,
    STOP,
    TICKS,
    Problem,
)
from fairsched_fast.kernels.records import run_records
from fairsched_fast.kernels.tabulate import sort_keys
from fairsched_fast.kernels.whole import WholeProblem

__all__ = [
    "BUDGET",
    "CAPACITY",
    "CEILINGS",
    "IGNORE",
    "INTEGER",
    "KEYS",
    "QUOTIENT",
    "SKIP",
    "STOP",
    "TICKS",
    "USER_CAPS",
    "Fault",
    "Greedy",
    "Outcome",
    "Problem",
    "WholeProblem",
    "blank_fault",
    "blank_outcome",
    "choices_of",
    "compile_greedy",
    "run_lanes",
    "run_levels",
    "run_records",
    "smallest_signed",
    "sort_keys",
    "steps",
    "stops",
    "totals",
]
