"""`fairsched compile`: what it compiles is all that runs need."""

import json

import numpy as np
import pytest
from kernel_paths import COMPILED

import fairsched_fast as fs
from fairsched_fast import ahead, kernels

compiled = pytest.mark.skipif(not COMPILED, reason="nothing is compiled")
KERNELS = (kernels.run_lanes, kernels.run_records, kernels.run_levels, kernels.steps,
           kernels.totals, kernels.stops, kernels.sort_keys)  # fmt: skip


def batches():
    """Some of every shape: few, more and many jobs; keys of any width; what binds, or rounds."""
    rng = np.random.default_rng(4)
    for jobs in (1, 3, 12, 40, 130):
        for capacity in (10**3, 10**7, 2 * 10**9, 2.0**50 + 0.3):
            usage = rng.integers(0, 5, (3, jobs, 2)) * (capacity // 10**4)
            for demand in ([[1, 2]], rng.integers(1, 4, (jobs, 2)) * 1.0):
                for executors in (1, 120):
                    yield fs.Batch(
                        capacity=[capacity, capacity], demand=demand, usage=usage,
                        max_executors=rng.integers(1, 90, jobs), user=np.arange(jobs) % 2,
                        user_cap=[500, 500], extra_executors=executors,
                    )  # fmt: skip


@compiled
def test_no_run_needs_a_kernel_that_is_not_compiled_ahead():
    for run in ahead.runs().values():
        run()
    before = [set(kernel.signatures) for kernel in KERNELS]  # those of earlier tests among them
    assert all(before)
    for batch in batches():
        for policy in ("drf", "priority"):
            for log in (True, False):
                result = fs.allocate(batch, policy, log=log)
    result.step_log(scenario=0, detail=True)
    assert [set(kernel.signatures) for kernel in KERNELS] == before


@compiled
def test_the_command_says_what_it_compiled_and_where(fairsched):
    for run in ahead.runs().values():
        run()  # so that the command finds all on disk
    code, out, _ = fairsched("compile", "--json")
    assert code == 0
    assert set(json.loads(out)) == set(ahead.runs())


def test_where_nothing_is_kept_it_says_so(fairsched, monkeypatch):
    monkeypatch.setattr(kernels, "steps", lambda *_: 0)
    code, _, err = fairsched("compile")
    assert code == 2
    assert "kernels run as plain Python" in err
