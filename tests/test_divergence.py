"""Where two policies part, why, and what it costs: as plain Python has it, step by step."""

from itertools import combinations

import naive
import naive_policies
import numpy as np
import pandas as pd
import pytest
from agreement import expected, ours, policies, rules, settled
from complaints import refused
from hypothesis import given
from hypothesis import strategies as st
from strategies import as_batch, as_scenario, cases, examples, stacks

import fairsched_fast as fs
from fairsched_fast.policies.registry import known_policies

POOL = fs.Pool("Batch", capacity={"cpu": 200, "mem_gb": 800}, executor={"cpu": 2, "mem_gb": 16})
HEAVY = fs.Job("Heavy", usage={"cpu": 60, "mem_gb": 240}, max_executors=30)
MEDIUM = fs.Job("Medium", usage={"cpu": 40, "mem_gb": 240}, max_executors=30)
LIGHT = fs.Job("Light", usage={"cpu": 20, "mem_gb": 40}, max_executors=30)
SHIPPED = [name for name, policy in known_policies().items() if policy.built_in]
LONE = fs.Job("lone")
NOTEBOOK = fs.Scenario(POOL, [HEAVY, MEDIUM, LIGHT], extra_executors=15)


WORDS = {
    ("tie", "tie"): "tie",
    ("tie", "key"): "tie_a",
    ("key", "tie"): "tie_b",
    ("key", "key"): "key",
}


def why(case, policy, keys, granted, own, other):
    """How a policy passes over `other` for `own`: "tie", "stage" or "key"."""
    ticks = keys == "ticks"
    pool = naive.Pool(
        case["capacity"], case["jobs"], case["user_caps"], range(len(case["jobs"])), ticks
    )
    pool.granted = granted
    stated = settled(policy, len(case["capacity"]))
    (*mine, _), (*theirs, _) = (naive_policies.key(stated, pool, j) for j in (own, other))
    if mine == theirs:
        return "tie"
    first = next(i for i, (x, y) in enumerate(zip(mine, theirs, strict=False)) if x != y)
    return "key" if first == len(mine) - 1 == len(theirs) - 1 else "stage"


def parting(case, sides, on_full, keys):
    """(step, why, who is served) of a case, in plain Python; step None where nothing differs."""
    orders = [
        [*expected(case, policy, on_full, form).order, None]
        for policy, form in zip(sides, keys, strict=True)
    ]
    length = max(map(len, orders))
    padded = [order + [None] * (length - len(order)) for order in orders]
    step = next((i for i, (x, y) in enumerate(zip(*padded, strict=True)) if x != y), None)
    if step is None:
        return None, None, (None, None)
    chosen = tuple(order[step] for order in padded)
    if None in chosen:
        return step + 1, "end", chosen
    granted = [padded[0][:step].count(j) for j in range(len(case["jobs"]))]
    seen = tuple(
        why(case, policy, form, list(granted), own, other)
        for policy, form, own, other in zip(sides, keys, chosen, chosen[::-1], strict=True)
    )
    return step + 1, "stage" if "stage" in seen else WORDS[seen], chosen


def index(job):
    """A job's name in a Batch as its place; None where it is missing."""
    return None if pd.isna(job) else int(job)


@examples(2)
@given(case=cases(), a=policies, b=policies, on_full=rules)
def test_the_first_difference_is_that_of_plain_python(case, a, b, on_full):
    batch = as_batch([case])
    results = [fs.allocate(batch, ours(x, batch.R), on_full=on_full, log=True) for x in (a, b)]
    row = fs.divergence(*results).iloc[0]
    step, split, chosen = parting(case, (a, b), on_full, [r.keys for r in results])
    assert (None if pd.isna(row.step) else row.step) == step
    assert (None if pd.isna(row.split) else row.split) == split
    assert (index(row.chosen_a), index(row.chosen_b)) == chosen
    change = results[1].granted[0].astype(int) - results[0].granted[0]
    gained, lost = change.clip(0), (-change).clip(0)
    assert row.executors_moved == max(gained.sum(), lost.sum())
    assert (row.executors_gained, row.executors_lost) == (gained.max(), lost.max())
    assert index(row.gained_most) == (int(gained.argmax()) if gained.any() else None)
    assert index(row.lost_most) == (int(lost.argmax()) if lost.any() else None)


@examples(0.5)
@given(stack=stacks(least=2), data=st.data(), on_full=rules)
def test_scenarios_together_are_as_each_alone_and_orders_need_not_be_kept(stack, data, on_full):
    names = data.draw(st.lists(st.sampled_from(SHIPPED), min_size=2, max_size=2))
    batch = as_batch(stack)
    kept, finals = (
        [fs.allocate(batch, name, on_full=on_full, log=log) for name in names]
        for log in (True, False)
    )
    together = fs.divergence(*kept)
    pd.testing.assert_frame_equal(together, fs.divergence(*finals))
    for s in range(batch.S):
        alone = fs.divergence(
            *(fs.allocate(batch.rows(s, s + 1), name, on_full=on_full) for name in names)
        )
        pd.testing.assert_frame_equal(together.iloc[[s]].reset_index(drop=True), alone)


def hard_batch():
    """Small pools, jobs that differ in all that a policy heeds."""
    draw = np.random.default_rng(7)
    S, J = 40, 5
    return fs.Batch(
        capacity=draw.integers(60, 160, (S, 2)),
        demand=draw.integers(1, 5, (S, J, 2)),
        usage=draw.integers(0, 10, (S, J, 2)),
        weight=draw.integers(0, 4, (S, J)),
        priority=draw.integers(0, 2, (S, J)),
        submitted=draw.integers(0, 3, (S, J)),
        min_executors=draw.integers(0, 2, (S, J)),
        max_executors=draw.integers(2, 9, (S, J)),
        extra_executors=draw.integers(0, 40, S),
    )


def test_every_pair_of_policies_parts_the_same_way_whichever_is_named_first():
    batch = hard_batch()
    results = [fs.allocate(batch, name, log=True) for name in SHIPPED]
    for a, b in combinations(results, 2):
        there, back = fs.divergence(a, b), fs.divergence(b, a)
        assert there.step.equals(back.step), (a, b)
        turned = {"tie_a": "tie_b", "tie_b": "tie_a"}
        assert [turned.get(split, split) for split in there.split] == back.split.tolist()
        for what in ("chosen", "key", "other_key", "runner_up", "margin"):
            assert there[f"{what}_a"].equals(back[f"{what}_b"]), what
        assert there.lost_most.equals(back.gained_most)
        assert (there.gap_change == -back.gap_change).all()
        parted = there[there.split.isin(["key", "tie", "tie_a", "tie_b"])]
        for side in "ab":
            assert (parted[f"key_{side}"] <= parted[f"other_key_{side}"] + 1e-12).all()
            assert (parted[f"margin_{side}"] >= 0).all()
        by_key = there[there.split == "key"]
        assert (by_key.key_a < by_key.other_key_a).all(), (a, b)
        assert (by_key.key_b < by_key.other_key_b).all(), (a, b)
        ended = there[there.split == "end"]
        assert (ended.chosen_a.isna() ^ ended.chosen_b.isna()).all()


def test_a_policy_never_parts_from_itself():
    same = fs.allocate(NOTEBOOK, "drf"), fs.allocate(NOTEBOOK, "drf")
    row = fs.divergence(*same).iloc[0]
    assert pd.isna(row.step) and pd.isna(row.split) and pd.isna(row.key_a)
    assert (row.executors_moved, row.gap_change, row.jain_change) == (0, 0, 0)
    assert str(fs.divergences(*same)) == (
        "drf serves the same jobs in the same order as drf in all of them."
    )


def test_the_notebooks_policies_part_at_once():
    found = fs.divergence(fs.allocate(NOTEBOOK, "round_robin"), fs.allocate(NOTEBOOK, "drf"))
    assert len(found) == 1 and "pool" not in found
    row = found.iloc[0].to_dict()
    assert (row["step"], row["split"]) == (1, "tie_a")  # round-robin has given to nobody yet
    assert (row["chosen_a"], row["chosen_b"]) == ("Heavy", "Light")
    assert (row["key_a"], row["other_key_a"], row["margin_a"]) == (0, 0, 0)
    assert (row["key_b"], row["other_key_b"]) == pytest.approx((0.1, 0.3))
    assert (row["runner_up_b"], row["margin_b"]) == ("Heavy", pytest.approx(0.2))
    assert (row["lost_most"], row["gained_most"], row["executors_gained"]) == ("Heavy", "Light", 8)
    assert row["executors_moved"] == 8
    assert row["gap_change"] == pytest.approx(-0.24)


def test_stages_and_ends_are_told_apart():
    tiers = fs.Scenario(POOL, [fs.Job("a", usage={"cpu": 40}, priority=1), fs.Job("b")], 5)
    by_tier = fs.divergence(fs.allocate(tiers, "priority"), fs.allocate(tiers, "drf")).iloc[0]
    assert (by_tier.split, by_tier.chosen_a, by_tier.chosen_b) == ("stage", "a", "b")
    assert pd.isna(by_tier.other_key_a) and by_tier.other_key_b == 0.2
    jobs = [fs.Job("big", usage={"cpu": 5}, demand={"cpu": 9}), fs.Job("a few", demand={"cpu": 2})]
    full = fs.Scenario(fs.Pool("p", {"cpu": 10}), jobs, 5)
    runs = [fs.allocate(full, name, on_full="stop") for name in ("drf", "slots")]
    stopped = fs.divergence(*runs).iloc[0]
    assert (stopped.step, stopped.split) == (2, "end")
    assert (stopped.chosen_a, stopped.key_a) == ("a few", 0.2)
    assert pd.isna(stopped.other_key_a)
    assert stopped[["chosen_b", "key_b", "other_key_b", "runner_up_b"]].isna().all()


def test_several_pools_have_a_row_each_and_padding_has_no_part_in_it():
    night = fs.Pool("Night", capacity={"gpu": 8}, executor={"gpu": 1})
    jobs = [
        fs.Job("Heavy", pool="Batch", usage={"cpu": 60}),
        fs.Job("Light", pool="Batch"),
        fs.Job("only", pool="Night"),
    ]
    scenario = fs.Scenario([POOL, night], jobs, {"Batch": 6, "Night": 4})
    found = fs.divergence(fs.allocate(scenario, "round_robin"), fs.allocate(scenario, "drf"))
    assert found["pool"].tolist() == ["Batch", "Night"]
    assert found["step"].isna().tolist() == [False, True]
    assert found["executors_moved"].tolist()[1] == 0
    summary = fs.divergences(fs.allocate(scenario, "round_robin"), fs.allocate(scenario, "drf"))
    assert summary.to_dict()["change"] == {"Light": 3, "Heavy": -3}
    assert summary.example.pool == "Batch"
    assert "The most is moved in scenario 0, pool Batch: at step 1 " in str(summary)
    alone = fs.divergences(fs.allocate(NOTEBOOK, "round_robin"), fs.allocate(NOTEBOOK, "drf"))
    assert alone.example.pool is None and "moved in scenario 0: at step 1 " in str(alone)


@given(case=cases(), names=st.permutations("fbeadc"))
def test_two_results_of_the_same_scenario_need_no_common_batch(case, names):
    scenario = as_scenario(case, names[: len(case["jobs"])])
    apart = [fs.allocate(scenario, name) for name in ("drf", "slots")]
    batch = fs.Batch.from_scenarios(scenario)
    together = [fs.allocate(batch, name) for name in ("drf", "slots")]
    pd.testing.assert_frame_equal(fs.divergence(*apart), fs.divergence(*together))


def test_the_same_amounts_may_be_kept_in_other_units():
    coarse, fine = (
        fs.Scenario(fs.Pool("P", {"cpu": 4}, {"cpu": size}), [fs.Job("a", {"cpu": 1}), LONE], 5)
        for size in (0.5, 0.001)
    )
    alone = fs.Batch.from_scenarios(coarse)
    among = fs.Batch.from_scenarios([coarse, fine]).rows(0, 1)
    assert alone.demand.tolist() != among.demand.tolist()
    sides = fs.allocate(alone, "round_robin"), fs.allocate(among, "drf")
    same = (fs.allocate(alone, name) for name in ("round_robin", "drf"))
    pd.testing.assert_frame_equal(fs.divergence(*sides), fs.divergence(*same))


def test_a_job_that_is_to_get_no_more_under_one_of_them_is_of_another_stage():
    @fs.policy("two each", measure="place in the list")
    def two_each(batch):
        place, one = batch.job_order[:, np.newaxis].astype(float), np.ones((1, 1, 1))
        return fs.Claims(offset=place, slope=0 * one, per=one, ceiling=np.array([[2]]))

    batch = fs.Batch(capacity=[10], demand=[[1], [1]], extra_executors=5)
    few, fifo = fs.allocate(batch, two_each), fs.allocate(batch, "fifo")
    row = fs.divergence(few, fifo).iloc[0]
    assert (row.step, row.split, row.chosen_a, row.chosen_b) == (3, "stage", "1", "0")
    assert "or one is to get no more" in str(fs.divergences(few, fifo))


def test_what_many_come_to_is_the_sum_of_its_parts():
    batch = hard_batch()
    a, b = (fs.allocate(batch, name) for name in ("round_robin", "drf"))
    rows, whole = fs.divergence(a, b), fs.divergences(a, b)
    assert whole.scenarios == len(rows)
    assert whole.differing == rows.step.notna().sum()
    assert whole.ends_differ == (rows.executors_moved > 0).sum()
    assert whole.moved == rows.executors_moved.sum()
    assert whole.splits == rows.split.value_counts()[lambda counts: counts > 0].to_dict()
    steps = rows.step.dropna().astype(int).sort_values().tolist()
    for fraction in (0, 0.25, 0.5, 0.75, 1):
        place = max(0, int(np.ceil(fraction * len(steps))) - 1)
        assert whole.step_quantile(fraction) == steps[place]
    assert whole.example.moved == rows.executors_moved.max()
    assert whole.example.scenario == rows.executors_moved.argmax()
    change = (b.granted.astype(int) - a.granted).sum(axis=0)
    assert [whole.change[job] for job in "01234"] == change.tolist()
    halves = [
        fs.divergences(*(fs.allocate(batch.rows(*half), p) for p in ("round_robin", "drf")))
        for half in ((0, 17), (17, 40))
    ]
    assert (halves[0] + halves[1]).to_dict() == whole.to_dict()


def test_the_least_step_is_the_first_at_which_any_part():
    held = [[[0], [3]], [[0], [3]], [[0], [5]]]
    batch = fs.Batch(capacity=[100], demand=[[1], [1]], usage=held, extra_executors=9)
    found = fs.divergences(*(fs.allocate(batch, name) for name in ("fifo", "drf")))
    assert found.to_dict()["first_step"] == {"least": 5, "25%": 5, "50%": 5, "75%": 7, "most": 7}


def test_what_cannot_be_put_side_by_side_is_refused():
    drf, stopping = (fs.allocate(NOTEBOOK, "drf", on_full=rule) for rule in ("skip", "stop"))
    with refused('on_full="skip"', 'b with "stop"', "expected the same"):
        fs.divergence(drf, stopping)
    with refused("divergence of a str; expected two Results"):
        fs.divergence(drf, "round_robin")
    fewer = fs.Scenario(POOL, [HEAVY, MEDIUM], 15)
    with refused("differ in the jobs ['Light']", "expected two results of the same scenarios"):
        fs.divergences(drf, fs.allocate(fewer, "drf"))
    with refused("differ in the order or names of their jobs"):
        fs.divergence(drf, fs.allocate(fs.Scenario(POOL, [LIGHT, MEDIUM, HEAVY], 15), "drf"))
    with refused("a and b have 1 scenario × 3 jobs and 2 scenarios × 3 jobs"):
        fs.divergence(drf, fs.allocate([NOTEBOOK, NOTEBOOK], "drf"))
    apart = [
        fs.allocate(fs.Scenario(fs.Pool("P", {"cpu": n}, {"cpu": n / 10}), [fs.Job("a")], 5), "drf")
        for n in (1, 10)  # ten units of a tenth, and ten of one
    ]
    with refused("differ in capacity"):
        fs.divergence(*apart)
    with refused("differ in extra_executors"):
        fs.divergence(drf, fs.allocate(fs.Scenario(POOL, [HEAVY, MEDIUM, LIGHT], 14), "drf"))
    lower = fs.Job("Light", usage={"cpu": 20, "mem_gb": 40}, max_executors=9)
    with refused("differ in max_executors"):
        fs.divergence(drf, fs.allocate(fs.Scenario(POOL, [HEAVY, MEDIUM, lower], 15), "drf"))


def test_words_tell_who_ties_and_say_little_of_one_run():
    a, b = (fs.allocate(NOTEBOOK, policy) for policy in ("round_robin", "drf"))
    said = str(fs.divergences(a, b))
    assert said.startswith("drf and round_robin serve different jobs. They part at step 1. ")
    assert "Why: the two jobs tie under round_robin, and drf has the lower key for its own" in said
    assert "In the end drf moves 8 executors; Light +8, " in said
    for word in ("on average", "1 run", "%"):
        assert word not in said
    level = fs.Scenario(POOL, [fs.Job("b"), fs.Job("a")], 1)
    both = fs.divergences(fs.allocate(level, "round_robin"), fs.allocate(level, "drf"))
    assert "Why: the two jobs tie under both." in str(both)
