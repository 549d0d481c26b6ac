"""Claims in segments: what a user's policy may return, and how the segments are served."""

import numpy as np
import pytest
from agreement import same
from complaints import refused
from notebook_figures import SCENARIO

import fairsched_fast as fs

ONE = np.ones((1, 1, 1))


def turns(ceiling=None, **words):
    """In turn, up to a ceiling."""
    return fs.Claims(0 * ONE, ONE, ONE, ceiling=ceiling, **words)


def in_line(**words):
    """Whoever is first takes all."""
    return fs.Claims(0 * ONE, 0 * ONE, ONE, **words)


def made(*segments, **words):
    """A policy of these segments."""
    return fs.Policy("mine", lambda batch: list(segments), **words)


def five(**words):
    return fs.Batch(**({"capacity": [99], "demand": [[1]] * 3, "extra_executors": 5} | words))


def order(policy, batch, **options):
    return fs.allocate(batch, policy, log=True, **options).choices.tolist()


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        ([turns([[1], [0], [2]]), in_line()], [[0, 2, 2, 0, 0]]),
        ([turns([[1], [0], [2]])], [[0, 2, 2, -1, -1]]),
        ([turns(np.array([[1]])), turns(np.array([[2.0]]))], [[0, 1, 2, 0, 1]]),
        ([turns(np.array([[np.inf]])), in_line()], [[0, 1, 2, 0, 1]]),
        ([in_line(ceiling=[[2], [1], [1]]), turns()], [[0, 0, 1, 2, 1]]),
        ([turns([[0]]), turns([[0]]), in_line()], [[0] * 5]),
        ([turns([[2]]), turns([[1]]), in_line()], [[0, 1, 2, 0, 1]]),
    ],
)
def test_a_segment_is_served_up_to_its_ceilings_before_the_next(segments, expected):
    policy = made(*segments)
    assert order(policy, five()) == expected
    many = fs.allocate(five(extra_executors=[5] * 40), policy, log=True)
    assert many.choices.tolist() == expected * 40, "in lockstep"
    finals = fs.allocate(five(extra_executors=[5] * 40), policy)
    assert np.array_equal(finals.granted, many.granted)


def test_counted_segments_end_where_stepped_ones_do():
    ceilings = np.array([[700], [0], [900]])
    policy = made(turns(ceilings), in_line(ceiling=[[10**9]]), turns())
    batch = five(capacity=[50_000], extra_executors=40_000, max_executors=[3000, 1500, 2**31 - 1])
    same_granted = fs.allocate(batch, policy, log=True).granted, fs.allocate(batch, policy).granted
    assert same_granted[0].tolist() == same_granted[1].tolist() == [[3000, 1500, 35_500]]


def test_ceilings_may_differ_by_scenario():
    policy = fs.Policy("mine", lambda batch: [turns(batch.extra_executors[None] - 2), in_line()])
    batch = five(extra_executors=[3, 4])
    assert order(policy, batch) == [[0, 1, 2, -1], [0, 1, 2, 0]]
    same(fs.allocate(batch, policy, workers=2), fs.allocate(batch, policy, workers=1))


def test_a_job_that_no_longer_fits_stays_out_of_later_segments():
    batch = five(capacity=[4], demand=[[3], [1], [1]])
    policy = made(turns([[2]]), in_line())
    assert order(policy, batch) == [[0, 1, -1, -1, -1]]
    assert order(policy, batch, on_full="stop") == [[0, 1, -1, -1, -1]]
    assert order(policy, batch, on_full="ignore") == [[0, 1, 2, 0, 1]]


def test_what_no_segment_claims_is_given_to_nobody():
    result = fs.allocate(five(), made(turns([[1]])))
    assert result.granted.tolist() == [[1, 1, 1]]
    assert result.stop_reason().name != "BUDGET"


BAD_CEILINGS = [
    (np.array([[-1]]), "expected counts, 0 or more"),
    (np.array([[np.nan]]), "expected counts, 0 or more"),
    (np.zeros(3), "ceiling is float64 of shape (3,); expected numbers of shape (3 or 1, 1 or 1)"),
    (np.zeros((5, 1)), "ceiling is float64 of shape (5, 1)"),
    (np.zeros((3, 7)), "ceiling is float64 of shape (3, 7)"),
    (3, "ceiling is int64 of shape ()"),
    (np.array([[True]]), "ceiling is bool of shape (1, 1)"),
    ([["1"]], "ceiling is <U1 of shape (1, 1)"),
]


@pytest.mark.parametrize(("ceiling", "said"), BAD_CEILINGS)
def test_bad_ceilings_are_refused(ceiling, said):
    with refused("policy 'mine'", said, "expected"):
        fs.allocate(five(), made(turns(), turns(ceiling)))


def test_every_segment_is_checked():
    with refused("policy 'mine'", "slope of each job, line 0, scenario 0 is -1.0"):
        fs.allocate(SCENARIO, made(turns(), fs.Claims(ONE, -ONE, ONE)))


@pytest.mark.parametrize("given", [[], [turns(), None], "claims", {turns: 1}, None, [[turns()]]])
def test_what_is_no_list_of_claims_is_refused(given):
    with refused("policy 'mine' returned a ", "expected fs.Claims, or a list of them"):
        fs.allocate(SCENARIO, fs.Policy("mine", lambda batch: given))


def test_weightless_jobs_come_last_whatever_the_segments_of_a_weighted_policy():
    @fs.policy("two steps", weighted=True)
    def two_steps(batch):
        """Two each, in turn, then by weight."""
        by_weight = fs.Claims(0 * ONE, ONE, batch.weight[:, None])
        return [turns([[2]]), by_weight]

    batch = five(weight=[0, 1, 0.5], max_executors=[9, 3, 9], extra_executors=8)
    assert order(two_steps, batch) == [[1, 2, 1, 2, 1, 2, 2, 2]]
    batch = five(weight=[0, 1, 0], max_executors=[9, 3, 9], extra_executors=8)
    assert order(two_steps, batch) == [[1, 1, 1, 0, 2, 0, 2, 0]]


# --- In the step log ------------------------------------------------------------------------------

POOL = fs.Pool("pool", {"cpu": 100}, {"cpu": 1})
MIXED = fs.Scenario(
    POOL, [fs.Job("a", min_executors=2), fs.Job("b", executors=1), fs.Job("c", min_executors=1)], 5
)


def reasons(policy, scenario=MIXED):
    return fs.allocate(scenario, policy).step_log()["reason"].tolist()


def test_a_reason_names_what_was_compared_in_its_segment_and_who_has_a_claim_there():
    policy = made(turns([[2], [0], [1]], measure="turns"), in_line(), measure="places")
    assert reasons(policy) == [
        "lowest turns wins → [a: 0.000, c: 0.000]",
        "lowest turns wins → [a: 1.000, c: 0.000]",
        "lowest turns wins → [a: 1.000]",
        "lowest places wins → [a: 0.000, b: 0.000, c: 0.000]",
        "lowest places wins → [a: 0.000, b: 0.000, c: 0.000]",
    ]


def test_the_needy_are_told_by_their_minimum_and_then_by_what_comes_then():
    assert reasons("min_share_first") == [
        "lowest part of the minimum wins → [a: 0.000, c: 0.000]",
        "lowest part of the minimum wins → [a: 0.500, c: 0.000]",
        "lowest part of the minimum wins → [a: 0.500]",
        "lowest dominant share wins → [a: 0.020, b: 0.000, c: 0.010]",
        "lowest dominant share wins → [a: 0.020, b: 0.010, c: 0.010]",
    ]


@pytest.mark.parametrize("outer", ["priority", "quota_first", "min_share_first"])
@pytest.mark.parametrize(
    ("then", "measure"),
    [
        ("slots", "executors held"),
        ("asset", "sum of shares"),
        ("max_min", "share of cpu"),
        ("drf", "dominant share"),
        ("weighted_round_robin", "executors granted"),
    ],
)
def test_the_last_segment_is_told_by_the_policy_that_comes_then(outer, then, measure):
    assert f"lowest {measure} wins" in reasons(f'{outer}(then="{then}")')[-1]


@pytest.mark.parametrize("then", ["round_robin", "fifo"])
def test_a_fixed_reason_is_given_within_a_tier_too(then):
    assert reasons(f'priority(then="{then}")')[-1] == reasons(then)[-1]


def test_weights_are_named_where_the_policy_that_comes_then_divides_by_them():
    scenario = fs.Scenario(POOL, [fs.Job("a", weight=2), fs.Job("b")], 2)
    assert "lowest weighted dominant share wins" in reasons("priority", scenario)[-1]


def test_weightless_jobs_are_named_once_they_are_served():
    jobs = [fs.Job("a", weight=0), fs.Job("b", max_executors=1), fs.Job("c", weight=0)]
    log = fs.allocate(fs.Scenario(POOL, jobs, 2), "drf").step_log()
    assert log["allocated_to"].tolist() == ["b", "a"]
    assert log["reason"].tolist() == [
        "lowest weighted dominant share wins → [b: 0.000]",
        "lowest weighted dominant share wins → [a: 0.000, c: 0.000]",
    ]
