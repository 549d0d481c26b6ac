"""Kernels by themselves, and every path through them whatever a batch's shape would choose."""

import numpy as np
import pytest
from agreement import ON_FULL, ours

import fairsched_fast as fs
from fairsched_fast import dispatch, engine, kernels
from fairsched_fast.kernels import lanes, records

COMPILED = hasattr(kernels.steps, "py_func")  # not where NUMBA_DISABLE_JIT is set
RULES = dict(zip(ON_FULL, [kernels.SKIP, kernels.STOP, kernels.IGNORE], strict=True))
MANY = 10**9
NONE = dict.fromkeys("hiq", 0)


def wide_keys(bound):
    """64 bits, where they hold the keys."""
    return "q" if bound < 2.0**62 else None


def few_lanes(J, L):
    """Blocks of three scenarios, so that a handful fills several."""
    return 3


PATHS = {  # path: what `dispatch` must believe
    "as the shape says": {},
    "lanes": {"FEW_JOBS": {"h": MANY, "i": MANY, "q": 0}, "LOCKSTEP_STEPS": MANY},
    "records": {"FEW_JOBS": NONE, "LOCKSTEP_STEPS": MANY},
    "records of 64 bits": {"FEW_JOBS": NONE, "LOCKSTEP_STEPS": MANY, "narrowest": wide_keys},
    "one by one": {"LOCKSTEP_JOBS": 0},
}
if not COMPILED:  # what is compiled believes what it did then
    PATHS |= {
        "lanes, block by block": {(lanes, "block_width"): few_lanes, **PATHS["lanes"]},
        "records, block by block": {(records, "block_width"): few_lanes, **PATHS["records"]},
        "lanes without a head start": {
            (lanes, "starts_ahead"): lambda whole: False,
            **PATHS["lanes"],
        },
    }


def by_path(batch, policy, on_full, path, N):
    """(S, J) granted and (S, N) choices, by a path; `policy` as the oracles name it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in PATHS[path].items():
            patch.setattr(*(name if isinstance(name, tuple) else (dispatch, name)), value)
        batch.remembered = None  # of another path
        return engine.run(batch, ours(policy, batch.R), on_full, workers=1, order=N)


def by_counting(batch, policy, on_full, *, together=True):
    """The same without the order, by counting: `together` in lockstep where that can be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dispatch, "prefer_totals", lambda _: True)
        patch.setattr(dispatch, "LEVEL_KEYS", dispatch.LEVEL_KEYS if together else 0)
        batch.remembered = None
        return engine.run(batch, ours(policy, batch.R), on_full, workers=1)


def on_every_path(batch, policy, on_full):
    """A Result, the same bytes whatever the path."""
    N = int(batch.extra_executors.max())
    result = by_path(batch, policy, on_full, "as the shape says", N)
    for path in PATHS:
        other = by_path(batch, policy, on_full, path, N)
        assert np.array_equal(other.choices, result.choices), path
        same_finals(other, result, path)
    for together in (True, False):
        other = by_counting(batch, policy, on_full, together=together)
        same_finals(other, result, f"counting, {together=}")
    return result


def same_finals(other, result, path):
    """What two Results gave, and why they ended."""
    assert np.array_equal(other.granted, result.granted), path
    assert np.array_equal(other.steps, result.steps), path
    assert np.array_equal(other.stop, result.stop), path


def problem_of(batch, policy):
    return engine.lower(batch, ours(policy, batch.R))


def run_totals(batch, policy, on_full):
    """(S, J) granted, by the threshold search."""
    granted = np.empty((batch.J, batch.S), np.int32)
    kernels.totals(problem_of(batch, policy), RULES[on_full], 0, granted)
    return granted.T


def run_steps(batch, policy, on_full):
    """(S, J) granted and (S, N) choices, one by one."""
    out = kernels.blank_outcome(batch.J, batch.S, int(batch.extra_executors.max()))
    kernels.steps(problem_of(batch, policy), RULES[on_full], 0, out)
    return out.granted.T, kernels.choices_of(out)


def keys_of(batch, policy, on_full="ignore"):
    return fs.allocate(batch, ours(policy, batch.R), on_full=on_full).keys
