"""Bit for bit: every path through the kernels against every other, where they might part."""

import math

import numpy as np
import pytest
from agreement import EVERY_POLICY, ON_FULL, expected, ours, policies, rules
from hypothesis import given
from hypothesis import strategies as st
from kernel_paths import COMPILED, on_every_path
from strategies import DECIMAL_UNITS, FLOAT_UNITS, as_batch, examples, stacks

import fairsched_fast as fs
from fairsched_fast import dispatch, engine

MANY = 5000 if COMPILED else 200  # jobs; interpreted kernels are a thousand times slower
TINY = 5e-324  # the smallest subnormal number


def case(capacity, demand, usage, steps, **of_jobs):
    """Four jobs; `demand` and what else is said of them is shared, or one for each."""
    told = {"demand": demand, "usage": usage, **of_jobs}
    jobs = [{name: each(of, j) for name, of in told.items()} for j in range(4)]
    blank = {"weight": 1, "executors": 0, "max_executors": None, "user": None}
    return {
        "capacity": capacity,
        "jobs": [blank | job for job in jobs],
        "extra_executors": steps,
        "user_caps": [],
    }


def each(of, j):
    """What is said of job j: its own of several, else what is shared."""
    several = isinstance(of, list) and (isinstance(of[0], list) or len(of) == 4)
    return of[j] if several else of


NOTHING = [0, 0]
HARD = {
    "ties at every step": case([90, 90], [1, 1], NOTHING, 30),
    "thirds": case([3, 9], [1, 1], NOTHING, 5),
    "thirds and sevenths": case(
        [63, 21], [[3, 1], [9, 1], [1, 3], [7, 1]], [[0, 3], [9, 0], [3, 1], [0, 0]], 25
    ),
    "sevenths by weight": case([70, 70], [1, 1], NOTHING, 30, weight=[7, 3, 0.7, 0.3]),
    "halves of the twelfth decimal": case(
        [24576, 8192], [1, 1], [[3, 1], [0, 1], [2, 1], [6, 1]], 30
    ),
    "halves in tenths": case(
        [819.2, 2457.6], [0.1, 0.3], [[0.1, 0], [0, 0.3], NOTHING, NOTHING], 30
    ),
    "weights of thirds": case([200, 800], [2, 16], NOTHING, 30, weight=[1 / 3, 1, 2 / 3, 0]),
    "subnormal": case([3e-308, 4e-308], [TINY, 1e-309], [[2e-309, 0]] + [NOTHING] * 3, 30),
    "tiny beside huge": case([1e-300, 1e15], [1e-302, 1e13], [[1e-302, 0]] + [NOTHING] * 3, 30),
    "huge": case([2.0**52, 2.0**50], [2.0**46, 2.0**45], [[2.0**47, 0]] + [NOTHING] * 3, 30),
    "no demands": case([9, 9], [0, 0], [[1, 0], [0, 2], NOTHING, NOTHING], 30),
    "some demand nothing": case([9, 9], [[1, 0], [0, 0], [0, 2], [3, 3]], NOTHING, 30),
    "no capacity": case([0, 9], [[0, 1], [1, 1], [0, 2], [0, 1]], NOTHING, 9),
    "no capacity at all": case([0, 0], [1, 1], NOTHING, 5),
    "full": case([8, 9], [1, 1], [2, 2], 5),
    "full but for one": case([9, 99], [1, 1], [2, 2], 5),
    "nothing to give": case([9, 9], [1, 1], NOTHING, 0),
    "ceilings": case([90, 90], [1, 1], NOTHING, 30, max_executors=[0, 1, 2, 30]),
    "ceilings of 0": case([90, 90], [1, 1], NOTHING, 30, max_executors=0),
    "pi": case([100 * math.pi, 9], [math.pi, 0.1], [[math.pi, 0]] + [NOTHING] * 3, 30),
}


def agrees(result, s, schedule):
    """Row s is this Schedule."""
    assert result.granted[s].tolist() == schedule.granted
    nothing = [-1] * (result.choices.shape[1] - schedule.steps)
    assert result.choices[s].tolist() == schedule.order + nothing


@pytest.mark.parametrize("on_full", ON_FULL)
@pytest.mark.parametrize("policy", EVERY_POLICY, ids=str)
def test_hard_cases_side_by_side_and_alone_on_every_path(policy, on_full):
    """Side by side none of them may change another: decimals stand beside subnormal numbers."""
    result = on_every_path(as_batch(list(HARD.values()) * 2), policy, on_full)
    for s, (name, one) in enumerate(HARD.items()):
        alone = fs.allocate(as_batch([one]), ours(policy, 2), on_full="ignore")
        agrees(result, s, expected(one, policy, on_full, alone.keys))
        again = result.granted[s + len(HARD)]
        assert again.tolist() == result.granted[s].tolist(), name


@pytest.mark.parametrize("on_full", ON_FULL)
@pytest.mark.parametrize("policy", ["drf", "round_robin", "asset", "fifo", "min_share_first"])
def test_hard_cases_each_by_itself_on_every_path(policy, on_full):
    """In whole numbers where theirs are, whatever the others' would be."""
    for one in HARD.values():
        result = on_every_path(as_batch([one] * 3), policy, on_full)
        alone = fs.allocate(as_batch([one]), ours(policy, 2), on_full="ignore")
        agrees(result, 2, expected(one, policy, on_full, alone.keys))


@given(stacks() | stacks(alike=True) | stacks(units=FLOAT_UNITS + DECIMAL_UNITS), policies, rules)
@examples(2)
def test_any_case_on_every_path(stack, policy, on_full):
    fast = ours(policy, len(stack[0]["capacity"]))
    result = on_every_path(as_batch(stack), policy, on_full)
    for s, one in enumerate(stack):
        alone = fs.allocate(as_batch([one]), fast, on_full="ignore")
        agrees(result, s, expected(one, policy, on_full, alone.keys))


@pytest.mark.parametrize("on_full", ON_FULL)
@pytest.mark.parametrize("J", [1, 8, 9, 20, 21, 32, 33, 128, 129] if COMPILED else [1, 9])
def test_any_number_of_jobs_on_every_path(J, on_full):
    """On either side of where the path changes; blocks of lanes that are not full."""
    stream = np.random.default_rng(J)
    S = 300 if COMPILED else 17
    usage = stream.integers(0, 4, (S, J, 2))
    batch = fs.Batch(
        capacity=usage.sum(axis=1).max(axis=0) + 2 * J,
        demand=[[1, 2]],
        usage=usage,
        max_executors=stream.integers(0, 9, (S, J)),
        extra_executors=stream.integers(0, 3 * J + 2, S),
    )
    for policy in ("drf", "round_robin", "fifo"):
        on_every_path(batch, policy, on_full)


@pytest.mark.parametrize("on_full", ON_FULL)
def test_five_thousand_jobs_on_every_path(on_full):
    stream, J, N = np.random.default_rng(7), MANY, 4 * MANY
    demand = stream.integers(0, 3, (J, 2))
    usage = demand * stream.integers(0, 3, (J, 1))
    batch = fs.Batch(
        capacity=usage.sum(axis=0) + np.array([4 * J, 3 * J]),
        demand=demand,
        usage=usage,
        max_executors=stream.integers(0, 9, J),
        user=stream.integers(-1, 3, J),
        user_cap=[2 * J, J // 4, 100],
        extra_executors=N,
    )
    for policy in ("drf", "round_robin", "fifo"):
        on_every_path(batch, policy, on_full)


def test_the_first_of_five_thousand_jobs_are_the_naive_schedulers():
    stream, J = np.random.default_rng(8), MANY
    amounts = stream.integers(0, 3, (J, 2)).tolist()
    jobs = [{"usage": held, "demand": [1, 2], "user": None} for held in amounts]
    one = {"capacity": [9 * J, 9 * J], "jobs": jobs, "extra_executors": 12, "user_caps": []}
    agrees(on_every_path(as_batch([one]), "drf", "skip"), 0, expected(one, "drf", "skip"))


@pytest.mark.parametrize("policy", ["drf", "fifo", "priority"])
def test_millions_of_steps_on_every_path(policy):
    N = 2_000_000 if COMPILED else 2000
    batch = fs.Batch(
        capacity=[3 * N, 7 * N],
        demand=[[1, 2], [2, 1], [1, 3]],
        usage=[[5, 0], [0, 7], [1, 1]],
        max_executors=[N // 3, N, N // 2],
        priority=[0, 1, 0],
        extra_executors=N,
    )
    on_every_path(batch, policy, "skip")


# --- Results --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def several():
    """The hard cases, each many times."""
    return as_batch(list(HARD.values()) * (30 if COMPILED else 2))


def figures(result):
    """All of a Result's bytes."""
    arrays = (result.granted, result.choices, result.steps, result.stop)
    return [None if array is None else array.tobytes() for array in arrays]


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("policy", ["drf", "round_robin", "asset", "min_share_first"])
def test_workers_and_chunks_change_no_byte(several, policy, log, monkeypatch):
    whole = figures(fs.allocate(several, policy, log=log, workers=1))
    for rows in (1, 17, 256, 10**6) if COMPILED else (17,):
        monkeypatch.setattr(engine, "_CHUNK_VALUES", rows * several.J * several.R)
        for workers in (1, 2, 5):
            given = fs.allocate(several, policy, log=log, workers=workers)
            assert figures(given) == whole, (rows, workers)


@fs.policy("owed", measure="what is held beyond what is owed")
def owed(batch, *, lines: int = 1):
    """Least beyond what a job is owed, which is its priority: lines that stand below 0 at first."""
    times, one = np.arange(1.0, lines + 1)[:, None], np.ones((1, 1, 1))
    offset = -times * batch.priority[:, None]
    return fs.Claims(offset=offset, slope=times * batch.submitted[:, None], per=one)


@given(st.data(), rules)
def test_lines_below_zero_are_keys_of_zero(data, rule):
    def draw(low, high, n):
        return data.draw(st.lists(st.integers(low, high), min_size=n, max_size=n))

    J = data.draw(st.integers(1, 7))
    owes, rises, free = draw(0, 9, J), draw(0, 3, J), data.draw(st.integers(0, 40))
    demand = draw(0, 3, J) if data.draw(st.booleans()) else draw(0, 3, 1)
    steps, lines = data.draw(st.integers(0, 30)), data.draw(st.integers(1, 3))
    batch = fs.Batch(
        capacity=[free], demand=np.array(demand)[:, None], priority=owes, submitted=rises,
        extra_executors=[steps],
    )  # fmt: skip
    waiting, order, left = set(range(J)), [], free
    while waiting and len(order) < steps:
        chosen = min(
            waiting, key=lambda j: (max(0, lines * (rises[j] * order.count(j) - owes[j])), j)
        )
        need = 0 if rule == "ignore" else demand[chosen % len(demand)]
        if need <= left:
            order.append(chosen)
            left -= need
        elif rule == "stop":
            break
        else:
            waiting.remove(chosen)
    result = on_every_path(batch, ("owed", {"lines": lines}), rule)
    assert result.choices[0, : result.steps[0]].tolist() == order


@pytest.mark.parametrize("policy", ["drf", "round_robin", "asset", "min_share_first"])
def test_counting_and_stepping_give_the_same_finals(several, policy, monkeypatch):
    finals = []
    for counting in (True, False):
        monkeypatch.setattr(dispatch, "prefer_totals", lambda _, counting=counting: counting)
        finals.append(figures(fs.allocate(several, policy, log=False)))
    assert finals[0] == finals[1]
