"""Key functions: the general kernel, and what is said of functions that will not do."""

import math
import subprocess
import sys

import numpy as np
import pytest
from agreement import ON_FULL, rules, same
from complaints import refused
from hypothesis import given
from notebook_figures import SCENARIO
from strategies import as_batch, as_scenario, examples, stacks

import fairsched_fast as fs
from fairsched_fast import engine


@fs.key_policy("largest share", measure="largest share")
def largest_share(usage, demand, capacity, weight, executors):
    """The dominant share, over the weight."""
    most = 0.0
    for r in range(usage.shape[0]):
        if capacity[r] > 0:
            most = max(most, usage[r] / capacity[r] / weight)
    return most


FALLS, LOST, FIRST_TWO, MOST_FIRST = 1, 2, 3, 4


def four_in_one(usage, demand, capacity, weight, executors):
    """Which one the weight says: to compile each of them by itself would take seconds."""
    if weight == FALLS:
        return abs(executors - 2.0)
    if weight == LOST:
        return math.nan if executors == 2 else 0.0
    if weight == FIRST_TWO:
        return math.inf if executors >= 2 else 0.0
    return -float(executors)


fs.key_policy("rising")(four_in_one)
fs.key_policy("falling", may_fall=True)(four_in_one)


def sixteenths(stack):
    """The same cases in pools whose shares are exact floats, all jobs of some weight."""
    for case in stack:
        used = max(
            sum(job["usage"][r] for job in case["jobs"]) for r in range(len(case["capacity"]))
        )
        case["capacity"] = [2.0 ** max(4, math.ceil(math.log2(used + 1)))] * len(case["capacity"])
        for job in case["jobs"]:
            job["weight"] = {0: 1, 0.1: 0.25, 3: 4, 1.5: 2}.get(job["weight"], job["weight"])
            job.pop("guarantee", None)
            job["min_executors"] = 0
    return stack


@given(stacks(units=[(1, 1), (1, 4)]).map(sixteenths), rules)
def test_a_key_function_equals_the_claims_of_the_same_key(stack, on_full):
    batch = as_batch(stack)
    by_key = fs.allocate(batch, "largest share", on_full=on_full, log=True)
    claims = fs.allocate(batch, "drf", on_full=on_full, log=True)
    assert np.array_equal(by_key.choices, claims.choices)
    assert np.array_equal(by_key.granted, claims.granted)
    assert np.array_equal(by_key.stop, claims.stop)
    assert by_key.keys == "function"
    for s, case in enumerate(stack):
        alone = fs.allocate(as_batch([case]), "largest share", on_full=on_full)
        assert np.array_equal(alone.granted[0], by_key.granted[s])


@given(stacks(units=[(1, 1)], most=1).map(sixteenths))
@examples(1 / 3)
def test_ties_go_by_name(stack):
    [case] = stack
    names = [f"job {9 + j}" for j in reversed(range(len(case["jobs"])))]
    scenario = as_scenario(case, names)
    by_key, claims = fs.allocate(scenario, "largest share"), fs.allocate(scenario, "drf")
    assert by_key.choices.tolist() == claims.choices.tolist()


@pytest.mark.parametrize("on_full", ON_FULL)
def test_neither_workers_nor_chunks_change_a_result(on_full, monkeypatch):
    rng = np.random.default_rng(8)
    batch = fs.Batch(
        capacity=rng.integers(10, 90, (3000, 2)) * 1.1,
        demand=rng.random((3000, 3, 2)),
        extra_executors=rng.integers(0, 30, 3000),
    )
    one = fs.allocate(batch, "largest share", on_full=on_full, log=True, workers=1)
    monkeypatch.setattr(engine, "_CHUNK_VALUES", 700)
    same(fs.allocate(batch, "largest share", on_full=on_full, log=True, workers=2), one)
    finals = fs.allocate(batch, "largest share", on_full=on_full)
    assert np.array_equal(finals.granted, one.granted)


def test_a_key_function_sees_what_its_job_has_at_that_moment():
    seen = fs.Scenario(
        fs.Pool("pool", {"cpu": 12.8, "mem_gb": 64}, {"cpu": 0.1, "mem_gb": 2}),
        [fs.Job("a", usage={"cpu": 0.3}, executors=3, weight=0.5), fs.Job("b", executors=9)],
        2,
    )

    @fs.key_policy("digits")
    def digits(usage, demand, capacity, weight, executors):
        return usage[0] * 1e4 + usage[1] * 1e2 + demand[0] + capacity[0] + weight + executors

    share = fs.find_policy("digits").share(seen)
    assert share["a"] == pytest.approx(3000 + 0 + 0.1 + 12.8 + 0.5 + 3)
    reason = fs.allocate(seen, "digits").step_log()["reason"].tolist()[1]
    assert reason == f"lowest key wins → [a: 3016.400, b: {1000 + 200 + 0.1 + 12.8 + 1 + 10:.3f}]"


def test_a_key_functions_measure_and_numbers_are_in_the_step_log():
    of_key = fs.allocate(SCENARIO, largest_share).step_log()
    drf = fs.allocate(SCENARIO, "drf").step_log()
    assert of_key["allocated_to"].tolist() == drf["allocated_to"].tolist()
    assert of_key["reason"].tolist() == [
        text.replace("dominant share", "largest share") for text in drf["reason"]
    ]


# --- Keys that will not do ------------------------------------------------------------------------


def four(weight):
    """Executors for two jobs of this weight, the first of which holds one already."""
    return fs.Batch(
        capacity=[99], demand=[[1], [1]], executors=[1, 0], weight=weight, extra_executors=4,
        jobs="ab",
    )  # fmt: skip


FOUR = four(FALLS)


def test_a_falling_key_is_refused_with_the_counter_example():
    with refused(
        "policy 'rising': the key of job 'a' in scenario 0 falls from 1.0 to 0.0",
        "once it was granted 1 executor",
        "expected a key that never falls",
        "may_fall=True",
    ):
        fs.allocate(four(FALLS), "rising")


def test_a_key_that_may_fall_is_taken_at_its_word():
    batch = four(MOST_FIRST)
    assert fs.allocate(batch, "falling", log=True).choices.tolist() == [[0, 0, 0, 0]]


@pytest.mark.parametrize("policy", ["rising", "falling"])
def test_a_key_that_is_not_a_number_is_refused(policy):
    with refused(f"policy '{policy}': the key of job 'a' in scenario 0 is not a number", "1 exec"):
        fs.allocate(four(LOST), policy)


def test_infinite_keys_are_keys():
    assert fs.allocate(four(FIRST_TWO), "rising", log=True).choices.tolist() == [[0, 1, 1, 0]]


def test_a_key_function_takes_five_arguments():
    with refused("key policy 'short' takes (usage, weight); expected (usage, demand, capacity,"):
        fs.key_policy("short")(lambda usage, weight: 0.0)
    with refused('@key_policy needs a name; write @key_policy("mine") above the function'):
        fs.key_policy(lambda usage, demand, capacity, weight, executors: 0.0)
    with refused("policy 'drf' is built in"):
        fs.key_policy("drf")(lambda usage, demand, capacity, weight, executors: 0.0)
    with refused("no parentheses"):
        fs.key_policy("a(b")(lambda usage, demand, capacity, weight, executors: 0.0)


class Thing:
    """What Numba knows nothing of."""


THING = Thing()


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda usage, demand, capacity, weight, executors: THING.share, "THING"),
        (lambda usage, demand, capacity, weight, executors: usage.nothing(), "nothing"),
        (lambda usage, demand, capacity, weight, executors: no_such_name, "no_such_name"),  # noqa: F821
        (lambda usage, demand, capacity, weight, executors: "high", "high"),
        (lambda usage, demand, capacity, weight, executors: None, "none"),
        (lambda usage, demand, capacity, weight, executors: usage, "array"),
    ],
    ids=["an object", "no method", "no name", "a word", "nothing", "an array"],
)
def test_a_function_that_cannot_be_compiled_is_named_with_the_reason(function, said):
    policy = fs.key_policy("hard")(function)
    with refused("policy 'hard': its key function cannot be compiled", "expected", said):
        fs.allocate(FOUR, policy)


def test_a_key_function_has_no_claims():
    for use in (
        lambda: fs.lower(FOUR, "falling"),
        lambda: fs.allocate(FOUR, 'priority(then="falling")'),
    ):
        with refused("policy 'falling' compares jobs by a key function and has no claims"):
            use()


def test_a_key_function_cannot_change_what_other_keys_are_made_of():
    @fs.key_policy("meddling keys")
    def meddling(usage, demand, capacity, weight, executors):
        capacity[0] += 1  # refused when compiled, or on a copy
        return capacity[0]

    try:
        fs.allocate(FOUR, meddling)
    except fs.InputError:
        return
    keys = [meddling.keys(FOUR, np.zeros((2, 3), np.int64)).ravel().tolist() for _ in range(2)]
    assert keys == [[100.0] * 6] * 2


# --- Machine code on disk -------------------------------------------------------------------------

ROWS = """
import sys
import numpy as np
import fairsched_fast as fs
for name, sign in (("low", 1.0), ("high", -1.0)):
    exec(f"def {name}(usage, demand, capacity, weight, executors): return {sign} * usage[0]")
    fs.key_policy(name, may_fall=True)(globals()[name])
two = fs.Batch(capacity=[99], demand=[[1], [1]], usage=[[5], [0]], extra_executors=3)
for name in sys.argv[1:]:
    print(fs.find_policy(name).keys(two, np.zeros((2, 1), np.int64)).ravel().tolist())
"""


def test_functions_that_other_processes_compiled_are_told_apart():
    """Each is the first that its process compiles, and a third needs both.

    What reads keys and what hands out executors are compiled and named alike; the former is sooner.
    """

    def run(*names):
        command = [sys.executable, "-c", ROWS, *names]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert run("low") == "[5.0, 0.0]"
    assert run("high") == "[-5.0, -0.0]"
    assert run("low", "high") == "[5.0, 0.0]\n[-5.0, -0.0]"


def test_orders_of_many_jobs_are_kept_too():
    """Beyond 128 jobs, in a wider type, and of more scenarios than share a line of cache."""
    rng = np.random.default_rng(3)
    batch = fs.Batch(
        capacity=[2**12], demand=[[1]], usage=rng.integers(0, 9, (70, 129, 1)), extra_executors=200
    )
    mine = fs.allocate(batch, "largest share", log=True)
    drf = fs.allocate(batch, "drf", log=True)
    assert mine.choices.dtype == drf.choices.dtype == np.int16
    assert np.array_equal(mine.choices, drf.choices)
    assert np.array_equal(mine.granted, drf.granted)
