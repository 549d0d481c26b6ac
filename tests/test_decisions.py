"""Why each executor went where it did: derived from the state, and equal to what was done."""

import numpy as np
import pytest
from agreement import EVERY_POLICY, ours, rules
from dialect_cases import DIALECTS, parameters
from dialect_cases import as_scenario as dialect_scenario
from dialect_cases import stacks as dialect_stacks
from hypothesis import given
from hypothesis import strategies as st
from strategies import FLOAT_UNITS, as_batch, cases, huge_cases, stacks

import fairsched_fast as fs
from fairsched_fast.decisions import decide


def states(order, J):
    """(J, N + 1): what each job was granted before each choice of an order, and after the last."""
    counts = np.zeros((J, len(order) + 1), np.int64)
    counts[order, np.arange(1, len(order) + 1)] = 1
    return counts.cumsum(axis=1)


def decided(result):
    """The decisions at every state of a Result of one row; they are what was done."""
    order = result.choices[0, : result.steps[0]].astype(np.int64)
    made = decide(result.batch, result.policy, states(order, result.batch.J), result.on_full)
    assert made.chosen.tolist() == [*order.tolist(), -1]
    return made


@pytest.mark.parametrize("policy", EVERY_POLICY, ids=str)
@given(case=st.one_of(cases(), cases(units=FLOAT_UNITS), huge_cases()), on_full=rules)
def test_a_policy_decides_what_was_done(policy, case, on_full):
    batch = as_batch([case])
    decided(fs.allocate(batch, ours(policy, batch.R), on_full=on_full, log=True))


@pytest.mark.parametrize("dialect", DIALECTS)
@given(data=st.data(), stack=dialect_stacks(), on_full=rules)
def test_a_dialect_decides_what_was_done(dialect, data, stack, on_full):
    R, (case, *_) = stack
    policy = fs.dialect(dialect, **data.draw(parameters(dialect, R)))
    decided(fs.allocate(dialect_scenario(case), policy, on_full=on_full))


@pytest.mark.parametrize("name", ["drf", "mesos", "kueue", "priority", "yarn"])
@given(stack=stacks(), on_full=rules, step=st.integers(0, 12))
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
