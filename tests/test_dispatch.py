"""Which kernel runs an order, on either side of where that changes."""

import pytest

import fairsched_fast as fs
from fairsched_fast import dispatch, kernels

NARROW, WIDE, WIDEST, TOO_WIDE = 2.0**10, 2.0**20, 2.0**40, 2.0**62  # what no key passes


def chosen(J, N, bound):
    batch = fs.Batch(capacity=[10**6], demand=[[1]] * J, extra_executors=N)
    return dispatch.lockstep_kernel(batch, bound)


@pytest.mark.parametrize(
    ("J", "N", "bound", "kernel"),
    [
        (20, 10**6, NARROW, (kernels.run_lanes, "h")),
        (21, 10**6, NARROW, (kernels.run_records, "i")),
        (8, 10**6, WIDE, (kernels.run_lanes, "i")),
        (9, 10**6, WIDE, (kernels.run_records, "i")),
        (1, 1, WIDEST, (kernels.run_records, "q")),
        (1, 1, TOO_WIDE, None),
        (32, 10**6, WIDE, (kernels.run_records, "i")),
        (33, 2**15 // 33, WIDE, (kernels.run_records, "i")),
        (33, 2**15 // 33 + 1, WIDE, None),
        (128, 2**8, WIDE, (kernels.run_records, "i")),
        (128, 2**8 + 1, WIDE, None),
        (129, 1, NARROW, None),
    ],
)
def test_few_jobs_and_short_orders_run_in_lockstep(J, N, bound, kernel):
    assert chosen(J, N, bound) == kernel
