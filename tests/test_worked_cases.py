"""The worked cases beside the checkout: papers' and schedulers' own figures, through the door."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from dialect_states import granted, kai_division, mesos_orders, run, served

import fairsched_fast as fs

FILE = Path(__file__).parents[2] / "shared" / "cases" / "cases.json"
if not FILE.is_file():
    pytest.skip(f"{FILE} is not there: it is no part of the repository", allow_module_level=True)

CASES = {case["id"]: case for case in json.loads(FILE.read_text(encoding="utf-8"))}


def batch_of(case, names=None):
    """A case of the papers as a Batch, jobs in the order given."""
    jobs = {job["name"]: job for job in case["jobs"]}
    names = names or list(jobs)
    return fs.Batch(
        capacity=case["capacities"],
        demand=[jobs[name]["demand"] for name in names],
        weight=[jobs[name]["weight"] for name in names],
        executors=[jobs[name]["initial"] for name in names],
        extra_executors=100,
        resources=case["resources"],
        jobs=names,
    )


def numbers(written):
    """Fractions of a case, "63/25" or 2.52, as floats."""
    return [float(Fraction(str(value))) for value in written]


def within(subset):
    """Its sub-cases, each under its name."""
    return [pytest.param(case, id=case.get("name")) for case in subset]


# --- The DRF paper ----------------------------------------------------------------------------


def test_drf_table_1_is_served_step_by_step():
    case = CASES["drf-table1"]
    expected = case["expected"]
    names = ["B", "A"]  # the tie at nothing goes to B
    result = fs.allocate(batch_of(case, names), "drf", on_full="stop", log=True)
    assert served(result) == expected["order"]
    assert granted(result) == expected["units"]
    shares = numbers(expected["dominant_share"][name] for name in names)
    assert result.dominant_share[0].tolist() == shares
    timeline = result.timeline()
    for name in names:
        shares = numbers(step[name] for step in expected["shares_after_step"])
        assert timeline[name].tolist()[1:] == pytest.approx(shares, rel=1e-15)
    demand = {job["name"]: np.array(job["demand"]) for job in case["jobs"]}
    used = np.cumsum([demand[name] for name in served(result)], axis=0) / case["capacities"]
    totals = [numbers(step) for step in expected["totals_after_step"]]
    np.testing.assert_allclose(used, totals, rtol=1e-15)
    for name, amounts in expected["alloc"].items():
        assert (granted(result)[name] * demand[name]).tolist() == amounts


@pytest.mark.parametrize(
    ("name", "policy"),
    [("drf-fluid", "drf"), ("asset-fair-9-18", "asset"), ("ceei-9-18", "ceei")],
)
def test_divided_executors_come_to_the_papers_figures(name, policy):
    case = CASES[name]
    expected = case["expected"]
    names = [job["name"] for job in case["jobs"]]
    tasks = fs.fluid(batch_of(case), policy)
    wanted = numbers(expected["tasks"][job] for job in names)
    np.testing.assert_allclose(tasks[0], wanted, rtol=1e-9)
    for job, count in zip(case["jobs"], tasks[0], strict=True):
        if "alloc" in expected:
            amounts = numbers(expected["alloc"][job["name"]])
            np.testing.assert_allclose(count * np.array(job["demand"]), amounts, rtol=1e-9)


# --- Schedulers -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mesos-sorter-drf", "mesos-sorter-wdrf"])
def test_mesos_sorts_as_its_log_says(name):
    orders = list(mesos_orders(CASES[name]["events"]))
    assert len(orders) >= 6
    for said, expected in orders:
        assert said == expected


@pytest.mark.parametrize("pair", within(CASES["yarn-drf-comparator"]["pairs"]))
def test_yarn_compares_pairs(pair):
    resources = CASES["yarn-drf-comparator"]["resources"]

    def amounts(written):
        return dict(zip(resources, written, strict=True))

    jobs = {
        name: {
            "usage": amounts(pair[name]["use"]),
            "guarantee": amounts(pair[name].get("min", (0, 0))),
            "weight": pair[name].get("weight", 1),
        }
        for name in ("s1", "s2")
    }
    first, _, second = pair["expected"].split()
    for names in (("s1", "s2"), ("s2", "s1")):
        state = {"capacity": amounts(pair["cluster"]), "jobs": {name: jobs[name] for name in names}}
        assert fs.dialect("yarn").order(state) == [first, second]


def test_spark_gives_its_pools_stages():
    case = CASES["spark-fair-pools"]
    stages, jobs = {}, {}
    for pool in case["jobs"]:
        stages[pool["name"]] = iter(
            [stage for stage, tasks in pool["fifo_stages"] for _ in range(tasks)]
        )
        jobs[pool["name"]] = {
            "demand": {"task_slots": 1},
            "min_executors": pool["min_share"],
            "max_executors": sum(tasks for _, tasks in pool["fifo_stages"]),
            "weight": pool["weight"],
        }
    result = run("spark", {"task_slots": case["capacities"][0]}, jobs)
    given = [next(stages[name]) for name in served(result)]
    assert given == case["expected"]["stage_ids"]


KUEUE = {case["name"]: case for case in CASES["kueue-drs"]["cases"]}


@pytest.mark.parametrize(
    "case", within([case for case in KUEUE.values() if "usage_nominal_lender" in case])
)
def test_kueue_shows_the_share_of_what_is_borrowed(case):
    quotas = case["usage_nominal_lender"]
    state = {
        "capacity": {name: nominal + lender for name, (_, nominal, lender) in quotas.items()},
        "jobs": {
            "cq": {
                "usage": {name: usage for name, (usage, _, _) in quotas.items()},
                "guarantee": {name: nominal for name, (_, nominal, _) in quotas.items()},
                "demand": case["incoming"],
                "weight": case["weight"],
            }
        },
    }
    expected = case["expected"]["drs"]
    largest = 2**63 - 1
    assert fs.dialect("kueue").share(state) == {"cq": largest if expected == "MaxInt" else expected}


KUEUE_NOTES = [
    # 10 used of a nominal 5, of 50 that the root can hand out; the child cohort itself weighs 2.
    (
        "cohort has resource share",
        {
            "cq": {"usage": {"cpu": 10}, "guarantee": {"cpu": 5}},
            "child-cohort": {"usage": {"cpu": 10}, "guarantee": {"cpu": 5}, "weight": 2},
        },
        {"cpu": 50},
        {},
    ),
    (
        "zero lendable resource ignored",
        {
            "cq": {
                "usage": {"cpu": 1, "gpu": 1},
                "guarantee": {"cpu": 2, "gpu": 2},
                "demand": {"cpu": 4, "gpu": 4},
            }
        },
        {"cpu": 10, "gpu": 0},
        {},
    ),
    (
        "multiple flavors",
        {
            "cq": {
                "usage": {"on-demand": 15, "spot": 5},
                "guarantee": {"on-demand": 20, "spot": 80},
                "demand": {"on-demand": 10},
            }
        },
        {"on-demand": 20, "spot": 80, "default": 100},
        {"flavors": {"cpu": ["on-demand", "spot", "default"]}},
    ),
]


@pytest.mark.parametrize(("name", "jobs", "capacity", "parameters"), KUEUE_NOTES)
def test_kueue_shows_the_shares_of_its_notes(name, jobs, capacity, parameters):
    shares = fs.dialect("kueue", **parameters).share({"capacity": capacity, "jobs": jobs})
    assert shares == KUEUE[name]["expected"]


def test_every_sub_case_of_kueue_is_here():
    noted = {name for name, case in KUEUE.items() if "note" in case}
    assert noted == {name for name, *_ in KUEUE_NOTES}


@pytest.mark.parametrize("case", CASES["yunikorn-fairshare-zero-denominators"]["cases"])
def test_yunikorn_shares_over_whatever_denominator_there_is(case):
    job = {"usage": case["allocated"], "guarantee": case["guaranteed"]}
    state = {"capacity": case["fairmax"], "jobs": {"queue": job}}
    assert fs.dialect("yunikorn").share(state) == {"queue": case["expected"]}


@pytest.mark.parametrize("case", within(CASES["kai-fairshare-division"]["cases"]))
def test_kai_divides_a_pool_among_two_queues(case):
    queues = {f"queue {i}": queue for i, queue in enumerate(case["queues"])}
    shares = kai_division(case["total"], queues)
    assert shares == case["expected"]["share"]
    assert max(case["total"] - sum(shares), 0) == case["expected"]["remaining"]


@pytest.mark.parametrize("case", CASES["armada-drf-cost"]["cases"])
def test_armada_costs_what_a_queue_holds(case):
    resources = CASES["armada-drf-cost"]["resources"]
    total = case.get("total", CASES["armada-drf-cost"]["capacities"])

    def by_name(amounts):
        return dict(zip(resources, amounts, strict=True))

    if "consider" in case:
        ignored = [name for name in resources if name not in case["consider"]]
        costs = fs.dialect("armada", exclude=ignored)
    else:
        factors = by_name(case["multipliers"])
        costs = fs.dialect("armada", multipliers={n: m for n, m in factors.items() if m})
    job = {"usage": by_name(case["alloc"]), "weight": case["weight"]}
    shares = costs.share({"capacity": by_name(total), "jobs": {"queue": job}})
    assert shares == {"queue": pytest.approx(case["expected"], rel=1e-15)}
