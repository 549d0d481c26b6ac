"""The audit's measures, held to their definitions and to figures that a person can check."""

import numpy as np
import pandas as pd
import pytest
from complaints import refused
from hypothesis import given
from hypothesis import strategies as st
from naive_audit import Audit
from strategies import as_batch, examples, stacks

import fairsched_fast as fs
from fairsched_fast.auditing.words import sentence

ON_FULL = st.sampled_from(["skip", "stop", "ignore"])
POLICIES = st.sampled_from(["drf", "round_robin", "asset", "slots"])


def number(value):
    return np.nan if value is None else float(value)


def audited(policy="drf", on_full="skip", **words):
    """The audit of one scenario of arrays, as a dict."""
    batch = fs.Batch(**{"extra_executors": 1000, **words})
    found = fs.audit(fs.allocate(batch, policy, on_full=on_full))
    assert len(found) == 1
    return found.iloc[0].to_dict()


@examples(0.6)
@given(stacks(), POLICIES, ON_FULL)
def test_measures_are_those_of_the_definitions(stack, policy, on_full):
    result = fs.allocate(as_batch(stack), policy, on_full=on_full)
    found = fs.audit(result, probes=False)
    for s, case in enumerate(stack):
        slow = Audit(case, result.granted[s].tolist())
        ratio, lack = slow.sharing()
        wanted = {
            "envy": slow.envy(),
            "envy_but_one": slow.envy(less=1),
            "sharing_incentive": ratio,
            "shortfall": lack,
            "still_fit": slow.still_fit(),
            **{f"stranded_r{r}": slow.stranded(r) for r in slow.R},
        }
        for name, value in wanted.items():
            assert found[name][s] == pytest.approx(number(value), abs=1e-8, nan_ok=True), name


@examples(0.4)
@given(stacks(), POLICIES)
def test_whoever_is_named_is_who_it_is(stack, policy):
    result = fs.allocate(as_batch(stack), policy)
    found = fs.audit(result, probes=False)
    for s, case in enumerate(stack):
        row, slow = found.iloc[s], Audit(case, result.granted[s].tolist())
        assert pd.isna(row["envious"]) == pd.isna(row["envied"]) == (not row["envy"] > 0)
        if pd.notna(row["envious"]):
            i, j = int(row["envious"]), int(row["envied"])
            theirs = [b * slow.weight[i] / slow.weight[j] for b in slow.bundle[j]]
            assert float(slow.utility(i, theirs) - slow.own[i]) == pytest.approx(row["envy"])
        if pd.notna(row["furthest"]):
            fluid = fs.fluid(result.batch.rows(s, s + 1), policy)[0]
            apart = abs(fluid - result.granted[s])
            assert row["fluid_distance"] == pytest.approx(apart.max(), abs=1e-6)
            assert apart[int(row["furthest"])] == pytest.approx(apart.max(), abs=1e-6)


@examples(0.15)
@given(stacks(least=2), POLICIES, ON_FULL)
def test_a_scenario_has_what_it_has_alone(stack, policy, on_full):
    batch = as_batch(stack)
    together = fs.audit(fs.allocate(batch, policy, on_full=on_full))
    alone = [
        fs.audit(fs.allocate(batch.rows(s, s + 1), policy, on_full=on_full)) for s in range(batch.S)
    ]
    pd.testing.assert_frame_equal(
        together, pd.concat(alone, ignore_index=True), check_dtype=False, rtol=1e-9, atol=1e-9
    )


def test_the_example_of_the_drf_paper():
    """9 CPUs, 18 GB: A gets 3 executors of (1, 4), B 2 of (3, 1): all CPUs, 4 GB left over."""
    found = audited(capacity=[9, 18], demand=[[1, 4], [3, 1]])
    assert (found["envy"], found["still_fit"]) == (0, 0)
    assert found["sharing_incentive"] == pytest.approx(4 / 3)  # 3 of 2.25, and 2 of 1.5
    assert (found["stranded_r0"], found["stranded_r1"]) == (0, pytest.approx(4 / 18))
    assert found["weighted_share_gap"] == 0
    assert found["fluid_distance"] == 0


def test_envy_is_told_in_executors_of_who_envies():
    found = audited("round_robin", capacity=[12, 12], demand=[[1, 1], [2, 2]], jobs=["a", "b"])
    assert (found["envious"], found["envied"], found["envy"]) == ("a", "b", 4)  # 8 of its own for 4
    assert found["envy_but_one"] == 2
    assert found["sharing_incentive"] == pytest.approx(4 / 6)
    assert (found["short"], found["shortfall"]) == ("a", 2)


def test_a_heavier_job_may_have_more():
    alike = {"capacity": [12], "demand": [[1]], "jobs": ["a", "b"]}
    assert audited(weight=[2, 1], **alike)["envy"] == 0
    plain = audited("round_robin", weight=[2, 1], **alike)  # 6 each: twice 6 would be b's due
    assert (plain["envious"], plain["envied"], plain["envy"]) == ("a", "b", 6)


def test_nobody_at_its_ceiling_envies_or_wants():
    found = audited("fifo", capacity=[10], demand=[[1], [1]], max_executors=[9, 0])
    assert (found["envy"], found["still_fit"], found["stranded_r0"]) == (0, 0, 0)


def test_a_user_at_its_cap_envies_nobody():
    words = {"capacity": [20], "demand": [[1]], "extra_executors": 12}
    capped = audited(user=[0, -1], user_cap=[3], jobs=["a", "b"], **words)
    assert (capped["envy"], capped["still_fit"]) == (0, 1)


def test_what_the_budget_cut_short_is_not_judged_but_what_it_did_not_is():
    words = {"capacity": [10], "demand": [[1], [2]]}
    assert np.isnan(audited(extra_executors=2, **words)["sharing_incentive"])
    full = audited(extra_executors=8, **words)  # the last executor fills the pool
    assert full["still_fit"] == 0
    assert full["sharing_incentive"] >= 0.5


JOB_NAMES = ("short", "envious", "envied", "liar", "growth_loser", "leaver", "leaving_loser")
NUMBERS = ("envy", "envy_but_one", "sharing_incentive", "shortfall", "lie_gain")


@pytest.mark.parametrize(
    "words",
    [
        {"capacity": [4], "demand": [[0], [0]], "extra_executors": 3},
        {"capacity": [4], "demand": [[1], [1]], "weight": 0},
    ],
    ids=["no demands", "no weights"],
)
def test_what_nobody_can_judge_is_missing_and_never_nothing(words):
    found = audited(**words)
    for name in ("envy", "envy_but_one", "sharing_incentive", "shortfall"):
        assert np.isnan(found[name]), name
    assert all(pd.isna(found[name]) for name in ("short", "envious", "envied"))


def test_where_there_are_no_demands_lies_say_nothing():
    found = audited(capacity=[4], demand=[[0], [0]], extra_executors=3)
    assert np.isnan(found["lie_gain"])
    assert "lies cannot be judged" in sentence(found)


def test_a_job_alone_has_nobody_to_envy_or_to_lose_by():
    found = audited(capacity=[4], demand=[[1]])
    assert np.isnan([found["envy"], found["envy_but_one"], found["leaving_loss"]]).all()
    assert found["sharing_incentive"] == 1


def test_of_no_capacity_nothing_is_stranded_or_grows():
    found = audited(capacity=[0, 0], demand=[[1, 0], [1, 1]])
    assert np.isnan([found["stranded_r0"], found["growth_loss"]]).all()
    assert np.isnan(found["sharing_incentive"])
    assert found["still_fit"] == 0


def test_a_pool_that_holds_more_than_it_has_is_judged_by_envy_alone():
    words = {"capacity": [4], "demand": [[1], [1]], "usage": [[3], [5]], "extra_executors": 2}
    found = audited(on_full="ignore", **words)
    lost = ("sharing_incentive", "shortfall", "still_fit", "stranded_r0", "fluid_distance")
    assert np.isnan([found[name] for name in lost]).all()
    assert found["envy"] == 0  # 5 and 5
    assert "hold more than there is" in sentence(found)


def test_a_key_function_has_no_fluid_to_be_far_from():
    found = audited("mesos", capacity=[9, 18], demand=[[1, 4], [3, 1]])
    assert np.isnan(found["fluid_distance"])
    assert pd.isna(found["furthest"])
    assert not np.isnan(found["lie_gain"])


def test_pools_of_a_scenario_stand_in_rows_of_their_own():
    pools = [fs.Pool("day", {"cpu": 9}, {"cpu": 1}), fs.Pool("night", {"gpu": 4}, {"gpu": 1})]
    jobs = [fs.Job("a", pool="day"), fs.Job("b", pool="day"), fs.Job("c", pool="night")]
    scenario = fs.Scenario(pools, jobs, {"day": 20, "night": 20})
    found = fs.audit(fs.allocate([scenario, scenario], "drf"))
    assert found.columns[:3].tolist() == ["scenario", "pool", "envy"]
    assert found["pool"].tolist() == ["day", "night"] * 2
    assert np.isnan(found["envy"][1])  # alone in its pool: padding is nobody
    assert np.isnan(found["stranded_gpu"][0])
    assert found["envied"].tolist()[::2] == ["a", "a"]  # 5 and 4
    assert found["envied"].isna().tolist() == [False, True] * 2
    assert np.isnan(found["leaving_loss"][1])
    assert found["leaving_loss"][0] == 0


def test_an_audit_without_probes_leaves_their_columns_out():
    result = fs.allocate(fs.Batch(capacity=[9], demand=[[1]], extra_executors=4))
    assert "lie_gain" not in fs.audit(result, probes=False)


def test_a_sentence_says_what_the_row_does():
    found = audited("round_robin", capacity=[12, 12], demand=[[1, 1], [2, 2]], jobs=["a", "b"])
    told = sentence(found)
    assert "a envies b by 4 executors" in told
    assert "a runs 0.667 of what its own part of the pool would" in told
    assert f"{found['liar']} gains" in told


def test_only_results_are_audited():
    with refused("audit of a Batch; expected a Result"):
        fs.audit(fs.Batch(capacity=[1], demand=[[1]], extra_executors=1))
