"""Who is served next: Kueue, YuniKorn and KAI, as their own tests have it."""

import pytest
from dialect_states import order_of

import fairsched_fast as fs

# --- Kueue: scheduler_fs_test.go ------------------------------------------------------------------


def cpus(**words):
    return {
        name: {"cpu": value} if name in ("usage", "demand", "guarantee") else value
        for name, value in words.items()
    }


ONE_COHORT = {
    "lowest after admission": (
        100,
        {"b": cpus(usage=10, demand=50), "c": cpus(demand=75)},
        "b",
    ),
    "weight 0 both": (
        8,
        {
            "b": cpus(usage=4, demand=4, weight=0, priority=9001),
            "c": cpus(demand=4, weight=0),
        },
        "c",
    ),
    "high weight both": (
        8,
        {
            "b": cpus(usage=4, demand=4, weight=123456789, priority=9001),
            "c": cpus(demand=4, weight=123456789),
        },
        "c",
    ),
    "priority": (10, {"b": cpus(demand=10, priority=99), "c": cpus(demand=10, priority=101)}, "c"),
    "timestamp": (10, {"b": cpus(demand=10, submitted=2), "c": cpus(demand=10, submitted=1)}, "c"),
    "hierarchical nominal": (
        15,
        {"b": cpus(usage=10, guarantee=5, demand=5), "a": cpus(guarantee=10, demand=5)},
        "a",
    ),
    "mixed": (
        36,
        {"b": cpus(usage=20, guarantee=18, demand=4), "a": cpus(usage=6, guarantee=18, demand=7)},
        "a",
    ),
    "weight 0 within its quota is like others": (
        20,
        {
            "b": cpus(guarantee=10, demand=5, submitted=2),
            "c": cpus(guarantee=10, demand=5, weight=0, submitted=1),
        },
        "c",
    ),
    "weight 0 that borrows comes last": (
        20,
        {"b": cpus(usage=19, demand=1), "c": cpus(demand=1, weight=0, priority=9)},
        "b",
    ),
}


@pytest.mark.parametrize(("capacity", "jobs", "first"), ONE_COHORT.values(), ids=ONE_COHORT)
def test_kueue_admits(capacity, jobs, first):
    assert order_of("kueue", {"cpu": capacity}, jobs)[0] == first


FLAVORS = 'kueue(flavors={cpu=["on-demand", "spot"]})'


def test_kueue_adds_up_the_flavors_of_a_resource():
    jobs = {
        "beta": {"usage": {"on-demand": 55}, "demand": {"on-demand": 1}, "submitted": 1},
        "alpha": {"usage": {"on-demand": 50}, "demand": {"on-demand": 5}, "submitted": 2},
    }
    for job in jobs.values():
        job["guarantee"] = {"on-demand": 50}
    capacity = {"on-demand": 110, "spot": 100}
    assert order_of(FLAVORS, capacity, jobs) == ["alpha", "beta"]


def test_kueue_counts_a_flavor_of_nothing_with_the_others():
    """Weight 0 comes last once it borrows, also of a flavor that only others have."""
    jobs = {
        "z": {"weight": 0, "demand": {"spot": 1}},
        "b": {"usage": {"on-demand": 1}, "demand": {"on-demand": 1}},
    }
    assert order_of(FLAVORS, {"on-demand": 9, "spot": 0}, jobs) == ["b", "z"]


def test_kueue_prefers_those_who_do_not_borrow_what_they_ask_for():
    jobs = {
        "a": {
            "guarantee": {"on-demand": 50, "spot": 50},
            "usage": {"spot": 80},
            "demand": {"on-demand": 45},
            "submitted": 2,
        },
        "b": {
            "guarantee": {"on-demand": 10, "spot": 50},
            "usage": {"on-demand": 5},
            "demand": {"on-demand": 15},
            "submitted": 1,
        },
    }
    capacity = {"on-demand": 60, "spot": 100}
    assert order_of(FLAVORS, capacity, jobs) == ["a", "b"]
    gate_off = fs.dialect(
        "kueue", flavors={"cpu": ["on-demand", "spot"]}, non_borrowing_first=False
    )
    assert gate_off.order({"capacity": capacity, "jobs": jobs}) == ["b", "a"]


def test_kueue_borrowing_of_one_flavor_does_not_hold_up_another():
    jobs = {
        "b": {
            "guarantee": {"on-demand": 5, "spot": 10},
            "usage": {"on-demand": 8},
            "demand": {"on-demand": 4},
        },
        "a": {
            "guarantee": {"on-demand": 10},
            "usage": {"spot": 5},
            "demand": {"on-demand": 4},
        },
    }
    assert order_of(FLAVORS, {"on-demand": 15, "spot": 10}, jobs) == ["a", "b"]


# --- YuniKorn: sorters_test.go, resources_test.go -------------------------------------------------


def both(amount):
    return {"memory": amount, "vcore": amount}


GUARANTEES = (500, 300, 200, 200)
PRIORITIES = (1, 1, 1, 3)
WITH_GUARANTEES = [
    ((300, 200, 100, 100), "3201", "3201"),
    ((200, 300, 100, 100), "0321", "3021"),
    ((150, 120, 100, 100), "0132", "3012"),
]
WITHOUT = [
    ((300, 200, 100, 100), "0123", "3210", "3201"),
    ((200, 300, 100, 100), "3201", "3201", "3201"),
]


def yunikorn(jobs, capacity, *, priority_first):
    dialect = fs.dialect("yunikorn", priority_first=priority_first)
    return "".join(name[1:] for name in dialect.order({"capacity": capacity, "jobs": jobs}))


@pytest.mark.parametrize(("held", "fair", "priority"), WITH_GUARANTEES)
def test_yunikorn_sorts_queues_with_guarantees(held, fair, priority):
    jobs = {
        f"q{i}": {"usage": both(held[i]), "guarantee": both(g), "priority": PRIORITIES[i]}
        for i, g in enumerate(GUARANTEES)
    }
    assert yunikorn(jobs, both(2000), priority_first=False) == fair
    assert yunikorn(jobs, both(2000), priority_first=True) == priority


def test_yunikorn_keeps_the_given_order_of_equals():
    jobs = {
        "q0": {
            "usage": {"memory": 400, "vcore": 200},
            "guarantee": {"memory": 800, "vcore": 400},
            "priority": 1,
        },
        "q1": {
            "usage": {"memory": 200, "vcore": 150},
            "guarantee": {"memory": 400, "vcore": 300},
            "priority": 1,
        },
        "q2": {"usage": both(100), "guarantee": both(200), "priority": 1},
        "q3": {"usage": both(100), "guarantee": both(200), "priority": 3},
    }
    assert yunikorn(jobs, both(2000), priority_first=False) == "3012"


@pytest.mark.parametrize(("held", "start", "fair", "priority"), WITHOUT)
def test_yunikorn_sorts_queues_without_guarantees(held, start, fair, priority):
    levels = (1, 0, 2, 3)
    jobs = {f"q{i}": {"usage": both(held[int(i)]), "priority": levels[int(i)]} for i in start}
    assert yunikorn(jobs, both(1000), priority_first=False) == fair
    assert yunikorn(jobs, both(1000), priority_first=True) == priority


APPLICATIONS = [
    ((100, 200, 300, 400), {}, False, "0123"),
    ((100, 1000, 300, 400), {}, False, "0231"),
    ((100, 1000, 300, -1000), {}, False, "3021"),
    ((100, 1000, 300, 1000), {1: 2, 3: 3}, False, "0231"),
    ((100, 200, 300, 400), {1: 5}, True, "1023"),
    ((100, 200, 1000, 400), {1: 5}, True, "1032"),
    ((100, 200, 1000, -1000), {1: 5}, True, "1302"),
]


@pytest.mark.parametrize(("held", "priorities", "priority_first", "expected"), APPLICATIONS)
def test_yunikorn_sorts_applications_of_one_resource(held, priorities, priority_first, expected):
    jobs = {
        f"q{i}": {"usage": {"vcore": amount}, "priority": priorities.get(i, 0)}
        for i, amount in enumerate(held)
    }
    assert yunikorn(jobs, {"vcore": 500}, priority_first=priority_first) == expected


def test_yunikorn_ties_go_to_the_larger_pending():
    task = {"memory": 1, "vcore": 1}
    jobs = {f"q{i}": {"demand": task, "max_executors": n} for i, n in enumerate((2, 7, 7, 3))}
    assert yunikorn(jobs, both(100), priority_first=False) == "1230"


def test_yunikorn_pending_of_the_same_size_is_a_tie():
    jobs = {
        "q0": {"demand": {"memory": 3}, "max_executors": 1},
        "q1": {"demand": {"memory": 1, "vcore": 2}, "max_executors": 1},
    }
    assert yunikorn(jobs, both(10), priority_first=False) == "01"


def test_yunikorn_pending_without_end_is_a_tie_whatever_is_held():
    jobs = {f"q{i}": {"demand": {"memory": 1}, "executors": n} for i, n in enumerate((1, 0, 2))}
    assert yunikorn(jobs, both(10), priority_first=False) == "012"


def test_yunikorn_pending_of_nothing_is_the_smallest():
    jobs = {"q0": {"demand": {}}, "q1": {"demand": {"memory": 1}, "max_executors": 1}}
    assert yunikorn(jobs, both(10), priority_first=False) == "10"


FOUR = ("es", "memory", "pods", "vcore")
PAIRS = [
    (200, 800, 100, 100, "10"),
    (800, 200, 100, 100, "01"),
    (None, None, 200, 100, "10"),
    (None, None, 100, 200, "01"),
    (None, None, 100, 100, "01"),
    (None, None, 0, 0, "01"),
]


@pytest.mark.parametrize(("left", "right", "held_left", "held_right", "expected"), PAIRS)
def test_yunikorn_compares_over_a_guarantee_of_pods(left, right, held_left, held_right, expected):
    jobs = {
        name: {"usage": dict.fromkeys(FOUR, held), "guarantee": {"pods": pods} if pods else {}}
        for name, pods, held in (("q0", left, held_left), ("q1", right, held_right))
    }
    assert yunikorn(jobs, dict.fromkeys(FOUR, 1000), priority_first=False) == expected


# --- KAI: queue_order_test.go ---------------------------------------------------------------------

# Of GPUs: priority, deserved, held, an executor's demand and how many it asks for; who is first.
KAI = {
    "under deserved": (200, (0, 2, 20, 79, 1, 1), (0, 2, 0, 2, 1, 1), "R"),
    "under deserved beats priority": (200, (1, 2, 20, 79, 1, 1), (0, 2, 0, 2, 1, 1), "R"),
    "both past it: priority": (200, (1, 2, 20, 79, 1, 1), (0, 2, 3, 96, 1, 0), "L"),
    "both past it, one within its share": (179, (1, 2, 20, 79, 1, 1), (0, 2, 3, 96, 1, 1), "L"),
    "the smaller executor": (100, (0, 50, 40, 1, 10, 0), (0, 50, 40, 2, 5, 0), "L"),
    "the larger executor": (100, (0, 50, 40, 3.2, 3, 0), (0, 50, 40, 0.8, 12, 0), "R"),
}


@pytest.mark.parametrize(("total", "left", "right", "first"), KAI.values(), ids=KAI)
@pytest.mark.parametrize("others", [{}, {"cpu": 0, "memory": 0}])
def test_kai_orders_queues(total, left, right, first, others):
    jobs = {}
    for name, row in (("L", left), ("R", right)):
        priority, deserved, held, demand, count, weight = row
        jobs[name] = {
            "priority": priority,
            "guarantee": {"gpu": deserved},
            "usage": {"gpu": held},
            "demand": {"gpu": demand},
            "max_executors": count,
            "weight": weight,
        }
    for names in (("L", "R"), ("R", "L")):
        given = {name: jobs[name] for name in names}
        assert order_of("kai", {"gpu": total, **others}, given)[0] == first
