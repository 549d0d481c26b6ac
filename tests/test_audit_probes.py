"""Probes: the best lie and the worst loss are those that one finds by trying each by itself."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from complaints import refused
from hypothesis import given
from hypothesis import strategies as st
from naive_audit import executors
from strategies import as_batch, cases

import fairsched_fast as fs
from fairsched_fast.auditing import probes
from fairsched_fast.auditing.allocators import Divisible
from fairsched_fast.auditing.holdings import Holdings
from fairsched_fast.auditing.probes import GROWTHS, LEAST_LIES, LIES

ON_FULL = st.sampled_from(["skip", "stop", "ignore"])
PROBED = ["drf", "round_robin", "asset", "priority", "quota_first", "armada", "mesos"]
FEW = st.integers(1, 4)


def pool(cpu=20, mem=40):
    return fs.Pool("p", {"cpu": cpu, "mem_gb": mem}, {"cpu": 1, "mem_gb": 1})


def scenario(**words):
    jobs = [
        fs.Job("a", demand={"cpu": 1, "mem_gb": 4}),
        fs.Job("b", demand={"cpu": 3, "mem_gb": 1}, weight=2),
        fs.Job("c", demand={"cpu": 1.5, "mem_gb": 0}, max_executors=4, executors=1),
    ]
    return fs.Scenario(pool(), words.get("jobs", jobs), words.get("budget", 60))


def amounts(job):
    """A job's true demand and what it holds, in the pool's order."""
    return [[q.get(name, 0) for name in ("cpu", "mem_gb")] for q in (job.demand, job.usage)]


def executors_by_hand(honest, lied, policy, place):
    """What a liar's bundle runs of its true demand, before and after, in whole executors."""
    found = []
    for told in (honest, lied):
        demand, usage = amounts(honest.jobs[place])
        said = amounts(told.jobs[place])[0]
        granted = fs.allocate(told, policy).granted[0, place]
        run = executors([u + granted * d for u, d in zip(usage, said, strict=True)], demand)
        most = honest.jobs[place].max_executors
        room = np.inf if most is None else most - honest.jobs[place].executors
        found.append(np.floor(min(run, room) + 1e-9))
    return found[1] - found[0]


@pytest.mark.parametrize("policy", ["drf", "round_robin", "asset", "mesos"])
def test_the_best_lie_is_the_best_of_all(policy):
    """c is the case of who needs nothing of a resource, and has a ceiling."""
    honest = scenario()
    row = fs.audit(fs.allocate(honest, policy)).iloc[0]
    gains = {
        (job.name, resource, factor): executors_by_hand(
            honest, fs.misreport(honest, job.name, resource, factor), policy, place
        )
        for place, job in enumerate(honest.jobs)
        for resource in ("cpu", "mem_gb", "*")
        for factor in LIES[:8]
    }
    assert len(gains) >= 3 * LEAST_LIES
    assert row["lie_gain"] == max(0, *gains.values())
    if row["lie_gain"] > 0:
        assert gains[row["liar"], row["lie_resource"], row["lie_factor"]] == row["lie_gain"]


@pytest.mark.parametrize("resources", [1, 2, 3, 9])
def test_each_job_tells_twenty_lies_or_more(resources):
    batch = fs.Batch(capacity=[9] * resources, demand=[[1] * resources], extra_executors=2)
    lies = probes.Lies(Holdings(batch, np.ones((1, 1)), 1.0), Divisible("drf"))
    told = set(zip(*(column.tolist() for column in probes.lies(resources)), strict=True))
    assert len(told) == len(lies) >= LEAST_LIES
    for r in range(resources):
        factors = [factor for resource, factor in told if resource == r]
        assert min(factors) < 1 < max(factors)


@pytest.mark.parametrize("policy", ["drf", "asset", "priority", "kai"])
def test_losses_are_those_of_scenarios_written_anew(policy):
    rng = np.random.default_rng(5)
    for _ in range(5):
        jobs = [
            fs.Job(
                name,
                demand={"cpu": int(rng.integers(1, 5)), "mem_gb": int(rng.integers(1, 9))},
                usage={"cpu": int(rng.integers(0, 4))},
                priority=int(rng.integers(0, 2)),
                guarantee={"cpu": 3},
            )
            for name in "abc"
        ]
        before = fs.Scenario(pool(), jobs, 30)
        granted = fs.allocate(before, policy).granted[0]
        row = fs.audit(fs.allocate(before, policy)).iloc[0]
        grown = [
            replace(pool(), capacity={**pool().capacity, name: pool().capacity[name] * factor})
            for name in pool().capacity
            for factor in GROWTHS
        ]
        after = [fs.allocate(fs.Scenario(more, jobs, 30), policy).granted[0] for more in grown]
        assert row["growth_loss"] == max(0, *(int((granted - given).max()) for given in after))
        losses = [0]
        for gone in range(3):
            rest = [j for j in range(3) if j != gone]
            given = fs.allocate(fs.Scenario(pool(), [jobs[j] for j in rest], 30), policy)
            losses.append(int((granted[rest] - given.granted[0]).max()))
        assert row["leaving_loss"] == max(losses)


@given(st.data(), st.sampled_from(PROBED), ON_FULL)
def test_a_told_lie_told_again_gains_what_was_said(data, policy, on_full):
    """Held usage, ceilings, limits, users, guarantees, zero capacity, decimals: whatever."""
    batch = as_batch([data.draw(cases(jobs=FEW))])
    result = fs.allocate(batch, policy, on_full=on_full)
    row = fs.audit(result).iloc[0]
    if not row["lie_gain"] > 0:
        return
    j = int(row["liar"])
    lied = fs.misreport(batch, row["liar"], row["lie_resource"], row["lie_factor"])
    given = fs.allocate(lied, policy, on_full=on_full).granted[0, j]

    def of(batch, plane):
        return np.broadcast_to(batch.as_given(plane), (batch.J, batch.R, 1))[j, :, 0]

    usage, true = of(batch, batch.usage), of(batch, batch.demand)
    before = executors(usage, true)
    run = executors(usage + given * of(lied, lied.demand), true)
    most = min(run, before + batch.room[j, 0])
    honest = before + result.granted[0, j]
    assert np.floor(most + 1e-9) - np.floor(honest + 1e-9) == row["lie_gain"]


@pytest.mark.parametrize("values", [1, 200])
def test_probes_are_the_same_however_they_are_cut_up(values, monkeypatch):
    rng = np.random.default_rng(3)
    batch = fs.Batch(
        capacity=rng.integers(5, 30, (4, 2)),
        demand=rng.integers(0, 4, (4, 3, 2)),
        extra_executors=9,
    )
    whole = fs.audit(fs.allocate(batch, "yarn"))
    monkeypatch.setattr(probes, "_CHUNK_VALUES", values)
    pd.testing.assert_frame_equal(fs.audit(fs.allocate(batch, "yarn"), workers=1), whole)


def test_growth_and_lies_of_decimals_stay_decimals():
    batch = fs.Batch(capacity=[1.2], demand=[[0.1]], extra_executors=20)
    lied = fs.misreport(batch, "0", "r0", 1.1)
    assert lied.decimal.all()
    assert fs.allocate(lied).granted.tolist() == [[10]]  # 1.2 / 0.11
    assert fs.allocate(lied).keys == "integer"


def test_a_lie_is_told_in_the_kind_that_one_has():
    told = fs.misreport(scenario(), "c", "mem_gb", 0.5)  # needs none: half of the largest, 4
    assert told.jobs[2].demand == {"cpu": 1.5, "mem_gb": 2}
    assert told.jobs[:2] == scenario().jobs[:2]
    assert fs.misreport(scenario(), "c", "*", 2).jobs[2].demand == {"cpu": 3, "mem_gb": 0}
    pools = [pool(), fs.Pool("gpus", {"gpu": 4}, {"gpu": 1})]
    jobs = [fs.Job("a", pool="p"), fs.Job("b", pool="gpus")]
    both = fs.Scenario(pools, jobs, {"p": 3, "gpus": 3})
    assert fs.misreport(both, "b", "gpu", 0.5).jobs[1].demand == {"gpu": 0.5}


def test_a_lie_that_cannot_be_told_is_refused():
    with refused("misreport of a list; expected one Scenario, or a Batch"):
        fs.misreport([scenario()], "a", "cpu", 2)
    with refused("there is no job 'x'; expected one of 'a', 'b', 'c'"):
        fs.misreport(scenario(), "x", "cpu", 2)
    with refused("there is no resource 'cp'; did you mean 'cpu'?"):
        fs.misreport(scenario(), "a", "cp", 2)
    with refused("factor is -1", "0 or more"):
        fs.misreport(scenario(), "a", "cpu", -1)
