"""Why each executor went where it did: derived from the state, and equal to what was done."""

import copy
from fractions import Fraction

import numpy as np
import pytest
from agreement import EVERY_POLICY, ours, policies, rules
from dialect_cases import DIALECTS, parameters
from dialect_cases import as_scenario as dialect_scenario
from dialect_cases import stacks as dialect_stacks
from hypothesis import given
from hypothesis import strategies as st
from strategies import FLOAT_UNITS, as_batch, cases, examples, huge_cases, stacks

import fairsched_fast as fs
from fairsched_fast.why.codes import Rule, WhyNot
from fairsched_fast.why.decisions import decide


def states(order, J):
    """(J, N + 1): what each job was granted before each choice of an order, and after the last."""
    counts = np.zeros((J, len(order) + 1), np.int64)
    counts[order, np.arange(1, len(order) + 1)] = 1
    return counts.cumsum(axis=1)


def decided(result):
    """The decisions at every state of a Result of one row; they are what was done."""
    order = result.choices[0, : result.steps[0]].astype(np.int64)
    counts = states(order, result.batch.J)
    made = decide(result.batch, result.policy, counts, result.on_full)
    assert made.chosen.tolist() == [*order.tolist(), -1]
    assert ((made.why_not == WhyNot.CHOSEN).sum(axis=0) == (made.chosen >= 0)).all()
    assert np.isnan(made.margin[made.runner_up < 0]).all()
    assert not (made.margin < 0).any()
    assert (made.margin[made.rule >= Rule.TIE_BY_MEASURE] == 0).all()
    for p in np.flatnonzero(made.runner_up >= 0):
        lost = made.why_not[made.runner_up[p], p]
        assert lost == LOST[Rule(made.rule[p])]
    return counts, made


LOST = {
    Rule.LOWER_KEY: WhyNot.HIGHER_KEY,
    Rule.EARLIER_STAGE: WhyNot.LATER_STAGE,
    **dict.fromkeys([rule for rule in Rule if rule >= Rule.TIE_BY_MEASURE], WhyNot.TIE_LOST),
}


@pytest.mark.parametrize("policy", EVERY_POLICY, ids=str)
@given(case=st.one_of(cases(), cases(units=FLOAT_UNITS), huge_cases()), on_full=rules)
@examples(0.3)
def test_a_policy_decides_what_was_done(policy, case, on_full):
    batch = as_batch([case])
    decided(fs.allocate(batch, ours(policy, batch.R), on_full=on_full, log=True))


@pytest.mark.parametrize("dialect", DIALECTS)
@given(data=st.data(), stack=dialect_stacks(), on_full=rules)
@examples(0.3)
def test_a_dialect_decides_what_was_done(dialect, data, stack, on_full):
    R, (case, *_) = stack
    policy = fs.dialect(dialect, **data.draw(parameters(dialect, R)))
    decided(fs.allocate(dialect_scenario(case), policy, on_full=on_full))


@given(case=cases(), policy=policies, step=st.integers(0, 20))
def test_the_runner_up_is_served_where_the_chosen_job_is_not_there(case, policy, step):
    batch = as_batch([case])
    policy = ours(policy, batch.R)
    counts, made = decided(fs.allocate(batch, policy, log=True))
    p = min(step, len(made.chosen) - 1)
    without = copy.copy(batch)
    without.room = batch.room.copy()
    without.room[made.chosen[p]] = 0
    if made.chosen[p] >= 0:
        assert decide(without, policy, counts[:, [p]]).chosen == made.runner_up[p]


def stopped(case, granted, j):
    """Why job j gets nothing more, in fractions; None where it may."""
    job, given = case["jobs"][j], granted[j]

    def number(quantity):
        return Fraction(str(quantity))

    def held(other, r, more=0):
        own = case["jobs"][other]
        return number(own["usage"][r]) + (granted[other] + more) * number(own["demand"][r])

    if job["max_executors"] is not None and job["executors"] + given >= job["max_executors"]:
        return WhyNot.AT_CEILING
    for r, most in enumerate(job.get("limit", ())):
        if most is not None and job["demand"][r] > 0 and held(j, r, 1) > number(most):
            return WhyNot.AT_LIMIT
    cap = None if job["user"] is None else case["user_caps"][job["user"]]
    mates = [i for i, other in enumerate(case["jobs"]) if other["user"] == job["user"]]
    if cap is not None and sum(case["jobs"][i]["executors"] + granted[i] for i in mates) >= cap:
        return WhyNot.USER_CAP
    short = {}
    for r, capacity in enumerate(case["capacity"]):
        left = number(capacity) - sum(held(i, r) for i in range(len(granted)))
        if number(job["demand"][r]) > 0 and left < number(job["demand"][r]):
            short.setdefault(WhyNot.DOES_NOT_FIT if left > 0 else WhyNot.DRAINED, r)
    return next(((why, short[why]) for why in (WhyNot.DRAINED, *short) if why in short), None)


@given(case=cases())
def test_what_stops_a_job_is_as_in_fractions(case):
    counts, made = decided(fs.allocate(as_batch([case]), "drf", log=True))
    for p, j in np.ndindex(counts.shape[1], counts.shape[0]):
        expected, why = stopped(case, counts[:, p].tolist(), j), WhyNot(made.why_not[j, p])
        if isinstance(expected, tuple):
            assert (why, made.lacking[j, p]) == expected
        else:
            assert made.lacking[j, p] == -1
            assert why == expected if expected else why < WhyNot.AT_CEILING


@pytest.mark.parametrize("name", ["drf", "mesos", "kueue", "priority", "yarn"])
@given(stack=stacks(), on_full=rules, step=st.integers(0, 12))
@examples(0.3)
def test_a_state_of_each_scenario_is_as_each_alone(name, stack, on_full, step):
    batch, policy = as_batch(stack), fs.find_policy(name)
    result = fs.allocate(batch, policy, on_full=on_full, log=True)
    order = np.full((len(stack), step), -1)
    order[:, : result.choices.shape[1]] = result.choices[:, :step]
    counts = (order == np.arange(batch.J)[:, None, None]).sum(axis=2)
    made = decide(batch, policy, counts, on_full)
    for s in range(len(stack)):
        own = decide(batch.rows(s, s + 1), policy, counts[:, [s]], on_full)
        for what in made.__dataclass_fields__.keys() - {"stage"}:  # numbered within a batch
            here, alone = getattr(made, what)[..., s], getattr(own, what)[..., 0]
            assert np.array_equal(here, alone, equal_nan=here.dtype.kind == "f"), what
