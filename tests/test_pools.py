"""Pools are isolated: what one comes to does not depend on which others stand beside it."""

import numpy as np
import pandas as pd
import pytest
from specs import two_pools
from sweep_files import ran

import fairsched_fast as fs
from fairsched_fast import engine
from fairsched_fast.policies.registry import known_policies

SHIPPED = [name for name, policy in known_policies().items() if policy.built_in]
POLICIES = [*SHIPPED, "drf(post_grant=true)", 'priority(then="max_min", boost=1)']
RESOURCES = ["cpu", "gpu", "mem", "disk"]


def drawn_jobs(rng, pool):
    def some(most):
        return {r: int(rng.integers(0, most)) for r in pool.capacity if rng.random() < 0.7}

    for name in rng.permutation(list("abcd"))[: rng.integers(1, 4)]:
        yield fs.Job(
            f"{name}{pool.name}",
            pool=pool.name,
            usage=some(3),
            demand={r: int(rng.integers(0, 4)) for r in pool.capacity},
            guarantee=some(6),
            weight=float(rng.choice([0, 1, 1, 2])),
            priority=int(rng.integers(0, 2)),
            min_executors=int(rng.integers(0, 3)),
        )


def drawn_pools(rng):
    """Two pools of some of the resources, each in an order of its own, and their jobs."""
    for name in "AB":
        own = rng.permutation(RESOURCES)[: rng.integers(1, 4)].tolist()
        pool = fs.Pool(name, {r: int(rng.choice([0, 1, 6, 9, 12])) for r in own})
        yield pool, list(drawn_jobs(rng, pool))


@pytest.fixture(scope="module")
def neighbours():
    """Pairs of pools: as two scenarios, and as one."""
    rng, found = np.random.default_rng(8), []
    for _ in range(25):
        pools = list(drawn_pools(rng))
        alone = [fs.Scenario(pool, jobs, 9) for pool, jobs in pools]
        jobs = [job for _, own in pools for job in own]
        found.append((alone, fs.Scenario([pool for pool, _ in pools], jobs, {"A": 9, "B": 9})))
    return found


@pytest.mark.parametrize("policy", POLICIES)
def test_a_pool_has_the_results_it_has_alone(neighbours, policy):
    """Over-full pools among them, which only `engine.run` takes: as a sweep does."""

    def order(scenario, on_full):
        batch = fs.Batch.from_scenarios(scenario)
        return engine.run(batch, fs.find_policy(policy), on_full, workers=1, order=9).choices

    for alone, both in neighbours:
        for on_full in ("skip", "ignore"):
            together = order(both, on_full).tolist()
            assert together == [order(scenario, on_full)[0].tolist() for scenario in alone]


def test_what_a_pool_lists_first_is_its_own_first_resource():
    """To max_min, and to YARN of equal shares: here `gpu`, though `cpu` is the first pool's."""
    day = fs.Pool("day", {"cpu": 8})
    night = fs.Pool("night", {"gpu": 8, "cpu": 8})
    jobs = [
        fs.Job("a", pool="night", demand={"gpu": 2, "cpu": 1}),
        fs.Job("b", pool="night", demand={"gpu": 1, "cpu": 2}),
    ]
    both = fs.Scenario([day, night], jobs, {"day": 0, "night": 3})
    result = fs.allocate(both, "max_min")
    assert result.granted[1].tolist() == [1, 2]
    log = result.step_log(0, "night")
    assert log["reason"].str.contains("share of gpu").all()


def test_a_sweeps_files_are_what_its_scenarios_come_to_again(tmp_path):
    policies = [*POLICIES, 'max_min(resource="gpu")', 'drf(exclude=["gpu"])']
    text = two_pools(
        "zip = { 'pool.Batch.capacity.mem_gb' = [300, 800], 'extra_executors.Night' = [2, 20] }",
        policies=repr(policies),
    )
    ran(text, tmp_path)
    results = fs.open_results(tmp_path)
    jobs = results.jobs(["scenario", "policy", "job", "granted"])
    written = jobs.set_index(["scenario", "policy", "job"])["granted"].to_dict()
    assert len(written) == 2 * len(policies) * 5
    for i in range(2):
        for policy in policies:
            again = results.result(i, policy)
            for row, pool in enumerate(again.granted.tolist()):
                for name, granted in zip(again.batch.job_names(row), pool, strict=True):
                    assert not name or written[i, policy, name] == granted


def rows_of(audit):
    """Rows of plain values, None for what does not apply."""
    audit = audit.drop(columns=["scenario", "policy", "pool"], errors="ignore")
    return [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in audit.to_dict("records")
    ]


def same_audit(row, other):
    """Whether two rows say the same of every resource that either has."""
    return all(
        row.get(name) == pytest.approx(other.get(name), abs=1e-9) for name in row.keys() | other
    )


@pytest.mark.parametrize("policy", ["drf", "round_robin", "armada"])
def test_a_pool_has_the_audit_it_has_alone(neighbours, policy):
    """The same lies, in the same order, whatever resources its neighbours have."""
    for alone, both in neighbours:
        together = rows_of(fs.audit(fs.allocate(both, policy, on_full="ignore")))
        for row, scenario in zip(together, alone, strict=True):
            (other,) = rows_of(fs.audit(fs.allocate(scenario, policy, on_full="ignore")))
            assert same_audit(row, other), (row, other)


def test_what_a_sweep_audits_is_the_audit_of_its_scenarios(tmp_path):
    text = two_pools(
        "zip = { 'pool.Batch.capacity.mem_gb' = [300, 800], 'extra_executors.Night' = [2, 20] }",
        policies="['drf', 'round_robin', 'kai']",
    )
    ran(text + "[output]\naudit = true", tmp_path)
    results = fs.open_results(tmp_path)
    for i in range(2):
        for policy in ("drf", "round_robin", "kai"):
            written = rows_of(results.audit(where=f"scenario == {i} and policy == '{policy}'"))
            for row, other in zip(
                written, rows_of(fs.audit(results.result(i, policy))), strict=True
            ):
                assert same_audit(row, other), (row, other)
