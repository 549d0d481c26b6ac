"""Work on several threads: what comes back, and what happens when it goes wrong."""

import threading
import time

import pytest

import fairsched_fast as fs
from fairsched_fast.workers import share_out


@pytest.mark.parametrize("workers", [1, 2, 5, 50])
def test_results_come_in_order(workers):
    assert share_out(lambda start: start * start, range(0, 70, 7), workers) == [
        start * start for start in range(0, 70, 7)
    ]


@pytest.mark.parametrize("kind", [fs.InputError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_error_is_raised_and_nothing_more_is_begun(kind, workers):
    begun = []

    def work(start):
        begun.append(start)
        if start == 2:
            time.sleep(0.05)  # the other thread's error comes sooner
        if start >= 2:
            raise kind(str(start))
        return start

    with pytest.raises(kind, match=r"^2$"):
        share_out(work, range(1000), workers)
    assert len(begun) <= 4


def test_work_may_share_out_work():
    def work(start):
        return sum(share_out(lambda inner: start + inner, range(4), 8))

    assert share_out(work, range(20), 8) == [4 * start + 6 for start in range(20)]


def test_nobody_waits_for_threads_that_others_keep_busy():
    done = threading.Event()
    others = threading.Thread(target=share_out, args=(lambda _: done.wait(30) and 0, range(40), 40))
    others.start()
    try:
        assert share_out(lambda start: start, range(8), 4) == list(range(8))
        assert others.is_alive()
    finally:
        done.set()
        others.join()
