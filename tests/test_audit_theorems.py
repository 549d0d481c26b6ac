"""What is known of DRF, asset fairness and CEEI, found by the audit; and where it ends.

Ghodsi et al., Dominant Resource Fairness, NSDI 2011, Table 2: where executors can be divided, DRF
is strategy-proof, envy-free, Pareto-efficient and keeps the sharing incentive; asset fairness keeps
all but the last; CEEI is not strategy-proof. Nobody holds anything before, and the budget is large.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

import fairsched_fast as fs

PLENTY = 10**6
FLUID = ["drf", "asset"]


def scenarios(seed, *, S=20, alike=False, weights=True, ceilings=True, **words):
    """A Batch of S random scenarios of whole numbers, some demands 0."""
    rng = np.random.default_rng(seed)
    J, R = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    demand = rng.integers(1, 10, (S, J, R)) * (rng.random((S, J, R)) < 0.8)
    demand[..., 0] = np.where(demand.sum(-1) == 0, 1, demand[..., 0])
    if alike:
        demand[:] = demand[:, :1]
    given = {"demand": demand, "capacity": rng.integers(30, 150, (S, R)), "extra_executors": PLENTY}
    if weights:
        given["weight"] = rng.choice([1, 2, 3, 0.5], (S, J))
    if ceilings:
        given["max_executors"] = rng.integers(1, 40, (S, J))
    return fs.Batch(**{**given, **words})


SEEDS = st.integers(0, 2**32 - 1)
few = examples(0.15)


def audited(batch, policy, on_full="skip"):
    return fs.audit(fs.allocate(batch, policy, on_full=on_full))


# Divisible: the theorems themselves.


@few
@given(SEEDS, st.sampled_from(FLUID))
def test_divisible_drf_and_asset_fairness_are_sound(seed, policy):
    """No envy, nothing anybody could still use, no lie that pays: weights and ceilings too."""
    found = fs.audit_fluid(scenarios(seed), policy)
    assert (found["envy"] == 0).all()
    assert (found["still_fit"] == 0).all()
    assert (found["lie_gain"] == 0).all()


@few
@given(SEEDS)
def test_divisible_drf_keeps_the_sharing_incentive(seed):
    found = fs.audit_fluid(scenarios(seed), "drf", probes=False)
    assert (found["sharing_incentive"] >= 1 - 1e-9).all()


@few
@given(SEEDS)
def test_divisible_drf_is_population_monotonic_where_all_need_everything(seed):
    rng = np.random.default_rng(seed)
    batch = fs.Batch(
        capacity=rng.integers(30, 150, (10, 2)),
        demand=rng.integers(1, 10, (10, 3, 2)),
        extra_executors=PLENTY,
    )
    assert (fs.audit_fluid(batch, "drf")["leaving_loss"] == 0).all()


def test_asset_fairness_breaks_the_sharing_incentive():
    """Section 6.1.1 of the paper: equal sums of shares leave a job below half of both resources."""
    batch = fs.Batch(capacity=[30, 30], demand=[[1, 3], [1, 1]], extra_executors=PLENTY)
    found = fs.audit_fluid(batch, "asset").iloc[0]
    assert (found["short"], found["shortfall"]) == ("1", pytest.approx(3))
    assert found["sharing_incentive"] == pytest.approx(12 / 15)
    assert found["lie_gain"] == 0


def test_ceei_is_manipulated():
    """By claiming more of the resource that is dear to the other job: 10 executors become 12.5."""
    batch = fs.Batch(capacity=[30, 30], demand=[[1, 2], [3, 2]], extra_executors=PLENTY)
    found = fs.audit_fluid(batch, "ceei").iloc[0]
    assert (found["envy"], found["still_fit"]) == (0, 0)
    assert found["sharing_incentive"] >= 1
    assert (found["liar"], found["lie_resource"], found["lie_factor"]) == ("0", "r0", 1.5)
    lied = fs.misreport(batch, "0", "r0", 1.5)
    honest, lying = (fs.fluid(b, "ceei")[0, 0] for b in (batch, lied))
    assert lying - honest == pytest.approx(found["lie_gain"]) == pytest.approx(2.5, abs=1e-3)


@pytest.mark.parametrize("policy", FLUID)
def test_no_lie_of_any_shape_was_found_against_divisible_drf_or_asset_fairness(policy):
    """The first job states any demand at all: thousands of scenarios, one lie each."""
    rng = np.random.default_rng(6)
    J, R, S = 3, 2, 4000
    demand = rng.integers(1, 10, (S, J, R)).astype(float)
    demand[..., 0] *= rng.random((S, J)) < 0.7
    told = demand.copy()
    told[:, 0] = rng.integers(1, 30, (S, R)) * rng.choice([0.3, 1, 2], (S, 1))
    told[:, 0, 0] *= rng.random(S) < 0.7
    rest = {"capacity": rng.integers(30, 150, (S, R)), "extra_executors": PLENTY}
    honest, lying = (fs.fluid(fs.Batch(demand=d, **rest), policy)[:, 0] for d in (demand, told))
    true = demand[:, 0]
    run = np.where(true > 0, lying[:, None] * told[:, 0] / np.where(true > 0, true, 1), np.inf)
    assert (run.min(axis=1) <= honest + 1e-6).all()
    assert (run.min(axis=1) < honest - 1e-6).mean() > 0.5  # most lies cost something


# Divisible: where the theorems end.


def test_a_budget_of_executors_rewards_asking_for_larger_ones():
    batch = fs.Batch(capacity=[100], demand=[[1], [1]], extra_executors=10)
    found = fs.audit_fluid(batch, "drf").iloc[0]
    assert found["lie_gain"] > 2
    assert found["lie_factor"] > 1


def test_what_is_held_already_can_be_used_for_a_lie_and_breaks_the_other_theorems():
    batch = fs.Batch(
        capacity=[20, 20], demand=[[1, 2], [2, 1]], usage=[[8, 0], [0, 0]], extra_executors=PLENTY
    )
    found = fs.audit_fluid(batch, "drf").iloc[0]
    assert (found["short"], found["sharing_incentive"]) == ("0", pytest.approx(0.4))
    assert (found["liar"], found["lie_resource"]) == ("0", "r0")  # it has more of r0 than it needs
    assert found["lie_gain"] > 3


def test_divisible_drf_is_not_resource_monotonic():
    batch = fs.Batch(capacity=[30, 60], demand=[[2, 1], [1, 4], [1, 1]], extra_executors=PLENTY)
    found = fs.audit_fluid(batch, "drf").iloc[0]
    assert found["growth_loss"] > 0.1
    grown = {"r0": [30, 60], "r1": [30, 60]}[found["growth_resource"]]
    grown[int(found["growth_resource"][1])] *= found["growth_factor"]
    more = fs.Batch(capacity=grown, demand=[[2, 1], [1, 4], [1, 1]], extra_executors=PLENTY)
    j = int(found["growth_loser"])
    lost = fs.fluid(batch)[0, j] - fs.fluid(more)[0, j]
    assert lost == pytest.approx(found["growth_loss"], abs=1e-6)


def test_where_a_job_needs_not_everything_somebody_may_lose_by_another_leaving():
    """0 leaves r0 to 1, whose larger part of r1 is then 2's loss."""
    batch = fs.Batch(capacity=[10, 10], demand=[[1, 0], [1, 1], [0, 1]], extra_executors=PLENTY)
    found = fs.audit_fluid(batch, "drf").iloc[0]
    assert found["leaving_loss"] == 0  # 5, 5, 5; without 0 still 5 and 5
    batch = fs.Batch(capacity=[4, 10], demand=[[1, 0], [1, 1], [0, 1]], extra_executors=PLENTY)
    found = fs.audit_fluid(batch, "drf").iloc[0]  # 2, 2, 8; without 0: 20 / 7 and 50 / 7
    assert (found["leaver"], found["leaving_loser"]) == ("0", "2")
    assert found["leaving_loss"] == pytest.approx(6 / 7)


# Whole executors: within one of them.


@few
@given(SEEDS, st.sampled_from(FLUID), st.sampled_from([5, 30, PLENTY]))
def test_nobody_envies_more_than_one_executor_where_the_run_stops_when_full(seed, policy, budget):
    """Whoever was served last had no more than the others: weights, ceilings, any budget."""
    batch = scenarios(seed, extra_executors=budget)
    found = audited(batch, policy, "stop")
    assert (found["envy_but_one"] == 0).all()


@few
@given(SEEDS, st.sampled_from(FLUID), st.sampled_from([5, 30, PLENTY]))
def test_the_same_where_all_executors_are_alike(seed, policy, budget):
    batch = scenarios(seed, alike=True, extra_executors=budget)
    assert (audited(batch, policy)["envy_but_one"] == 0).all()


@few
@given(SEEDS)
def test_the_sharing_incentive_holds_within_one_of_the_executors_alike(seed):
    batch = scenarios(seed, alike=True, weights=False)
    assert (audited(batch, "drf")["shortfall"] < 1).all()


@few
@given(SEEDS, st.sampled_from(["skip", "stop"]))
def test_the_sharing_incentive_holds_within_the_largest_executors_share(seed, on_full):
    """Equal weights, any demands: no job's dominant share lacks more than one executor adds."""
    batch = scenarios(seed, weights=False, ceilings=False)
    granted = fs.allocate(batch, "drf", on_full=on_full).granted
    adds = (batch.demand / batch.capacity).max(axis=1).T  # (S, J)
    lack = 1 / batch.J - granted * adds
    assert (lack.max(axis=1) <= adds.max(axis=1) + 1e-12).all()


@few
@given(SEEDS, st.sampled_from(["skip", "stop"]))
def test_counting_the_executor_to_come_keeps_the_sharing_incentive_within_one(seed, on_full):
    """Any demands, weights and ceilings: as Parkes, Procaccia & Shah's SequentialMinMax."""
    found = audited(scenarios(seed), "drf(post_grant=true)", on_full)
    assert (found["shortfall"] < 1).all()


@few
@given(SEEDS, st.sampled_from([*FLUID, "round_robin", "slots"]))
def test_nobody_loses_by_another_leaving_where_the_run_stops_when_full(seed, policy):
    """The others' turns come in the same order, and no fewer of them."""
    assert (audited(scenarios(seed), policy, "stop")["leaving_loss"] == 0).all()


@pytest.mark.parametrize("policy", FLUID)
def test_no_lie_was_found_where_keys_count_the_executor_to_come(policy):
    """And the run stops when full. Seen, not proved: 1,600 scenarios, 20 lies a job and more."""
    for seed in range(8):
        batch = scenarios(seed, S=200)
        assert (audited(batch, f"{policy}(post_grant=true)", "stop")["lie_gain"] == 0).all()


# Whole executors: the known exceptions.


def test_small_executors_that_go_on_where_a_large_one_does_not_fit_are_envied():
    """Single resource, 10 of it: 0 gets one of 4 and no second, 1 goes on to six of 1."""
    batch = fs.Batch(capacity=[10], demand=[[4], [1]], extra_executors=PLENTY)
    going_on, stopping = (audited(batch, "drf", rule).iloc[0] for rule in ("skip", "stop"))
    assert (going_on["envy"], going_on["envy_but_one"]) == (0.5, 0.25)
    assert (stopping["envy"], stopping["envy_but_one"]) == (0, 0)


def test_a_heavy_job_may_lack_more_than_one_executor():
    """The lowest share before the grant rounds up (Adams): light jobs are all served first."""
    batch = fs.Batch(capacity=[5], demand=[[1]], weight=[7, 1, 1, 1], extra_executors=PLENTY)
    assert audited(batch, "drf").iloc[0]["shortfall"] == 1.5
    assert audited(batch, "drf(post_grant=true)").iloc[0]["shortfall"] < 1


def test_unequal_demands_may_leave_a_small_job_many_executors_short():
    """One executor of 0 takes nearly all: 1 is left with what remains."""
    batch = fs.Batch(capacity=[20], demand=[[18], [1]], extra_executors=PLENTY)
    assert audited(batch, "drf").iloc[0]["shortfall"] == 8
    assert audited(batch, "drf(post_grant=true)").iloc[0]["shortfall"] < 1


def test_what_was_held_before_is_envied():
    batch = fs.Batch(capacity=[10], demand=[[1]], usage=[[8], [0]], extra_executors=PLENTY)
    found = audited(batch, "drf", "stop").iloc[0]
    assert (found["envy"], found["envy_but_one"]) == (6, 6)  # nothing that the run could take away
    assert found["shortfall"] == 3


def test_keys_before_the_grant_reward_asking_for_large_executors():
    """25 of 2 each; ten times as large, the third is given before the other's share is passed."""
    batch = fs.Batch(capacity=[105], demand=[[2], [8]], extra_executors=PLENTY)
    found = audited(batch, "drf", "stop").iloc[0]
    assert (found["liar"], found["lie_factor"], found["lie_gain"]) == ("0", 10, 5)
    lied = fs.misreport(batch, "0", "r0", 10)
    assert fs.allocate(lied, "drf", on_full="stop").granted[0, 0] == 3
    assert audited(batch, "drf(post_grant=true)", "stop").iloc[0]["lie_gain"] == 0


def test_a_skip_lets_lies_gain_more_than_one():
    found = audited(scenarios(1, S=300, ceilings=False), "drf")
    assert found["lie_gain"].max() > 1
