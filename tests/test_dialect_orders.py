"""Who is served next, and whole runs: Mesos, Spark, Volcano and Armada, as their tests have it."""

import pytest
from dialect_states import granted, mesos_orders, order_of, run, served

# --- Mesos: sorter_tests.cpp ----------------------------------------------------------------------

TIE_BREAK = [
    ("total", [100, 100]),
    *(("add", name) for name in "abcde"),
    ("alloc", "a", [3, 3]),
    ("alloc", "b", [3, 3]),
    *[("alloc", "c", [1, 1])] * 3,
    ("alloc", "d", [2, 2]),
    ("alloc", "d", [1, 1]),
    ("alloc", "e", [3, 3]),
    ("sort", list("abedc")),
    ("unalloc", "c", [3, 3]),
    ("sort", list("cabed")),
    ("alloc", "c", [3, 3]),
    ("sort", list("abedc")),
    ("deactivate", "c"),
    ("activate", "c"),
    ("sort", list("abedc")),
    ("unalloc", "c", [3, 3]),
    ("alloc", "c", [3, 3]),
    ("sort", list("abedc")),
    ("deactivate", "a"),
    ("unalloc", "a", [1, 3]),
    ("alloc", "a", [1, 3]),
    ("sort", list("bedc")),
    ("activate", "a"),
    ("sort", list("beadc")),
]
UPDATE_WEIGHT = [
    ("total", [100, 100]),
    ("add", "a"),
    ("alloc", "a", [5, 5]),
    ("add", "b"),
    ("alloc", "b", [6, 6]),
    ("sort", ["a", "b"]),
    ("weight", "b", 2),
    ("sort", ["b", "a"]),
]
UPDATE_TOTAL = [
    ("total", [10, 100]),
    ("add", "a"),
    ("alloc", "a", [2, 1]),
    ("add", "b"),
    ("alloc", "b", [1, 2]),
    ("sort", ["b", "a"]),
    ("total", [100, 10]),
    ("sort", ["a", "b"]),
]
MULTIPLE_AGENTS = [
    ("total", [10, 100]),
    ("add", "a"),
    ("alloc", "a", [2, 1]),
    ("add", "b"),
    ("alloc", "b", [1, 3]),
    ("sort", ["b", "a"]),
    ("total", [100, 100]),
    ("sort", ["a", "b"]),
]
REMOVE_RESOURCES = [
    ("total", [10, 1]),
    ("add", "a"),
    ("alloc", "a", [6, 0]),
    ("add", "b"),
    ("alloc", "b", [4, 0]),
    ("sort", ["b", "a"]),
    ("total", [5, 1]),
    ("unalloc", "a", [5, 0]),
    ("sort", ["a", "b"]),
]
REVOCABLE = [
    ("total", [20, 100]),
    ("add", "a"),
    ("alloc", "a", [2, 1]),
    ("add", "b"),
    ("alloc", "b", [10, 1]),
    ("sort", ["a", "b"]),
]
MESOS = {
    "count breaks ties": TIE_BREAK,
    "update weight": UPDATE_WEIGHT,
    "update total": UPDATE_TOTAL,
    "multiple agents": MULTIPLE_AGENTS,
    "remove resources": REMOVE_RESOURCES,
    "revocable": REVOCABLE,
}


@pytest.mark.parametrize("events", MESOS.values(), ids=MESOS)
def test_mesos_sorts(events):
    for said, expected in mesos_orders(events):
        assert said == expected


def test_mesos_counts_every_resource_it_has_a_total_of():
    capacity = {"cpus": 100, "mem": 100, "disk": 100}
    jobs = {
        "a": {"usage": dict.fromkeys(capacity, 9), "executors": 1},
        "b": {"usage": {"cpus": 9, "mem": 9, "disk": 10}, "executors": 3},
    }
    assert order_of("mesos", capacity, jobs) == ["a", "b"]


UNRESERVED = [
    ((3, 1536), {"role1": (2, 1024), "role2": (0, 0)}, "role2"),
    ((6, 3584), {"role1": (2, 1024), "role2": (1, 512)}, "role2"),
    ((10, 7680), {"role1": (2, 1024), "role2": (4, 2560)}, "role1"),
    ((11, 8192), {"role1": (6, 5120), "role2": (4, 2560)}, "role2"),
]


@pytest.mark.parametrize(("total", "held", "first"), UNRESERVED)
@pytest.mark.parametrize("gpus", [0, 1])
def test_mesos_offers_an_agent_to_the_lower_share(total, held, first, gpus):
    """Also with a GPU that role1 has all of, where GPUs are excluded."""
    capacity = {"cpus": total[0], "mem": total[1], "gpus": gpus}
    jobs = {role: {"usage": {"cpus": c, "mem": m}} for role, (c, m) in held.items()}
    jobs["role1"]["usage"]["gpus"] = gpus
    assert order_of('mesos(exclude=["gpus"])', capacity, jobs)[0] == first


@pytest.mark.parametrize(
    ("weights", "agents"), [((1, 1), (3, 3)), ((1, 2), (2, 4)), ((1, 2, 3), (1, 2, 3))]
)
def test_mesos_shares_six_agents_by_weight(weights, agents):
    demand = {"cpus": 2, "mem": 1024}
    jobs = {f"role{i}": {"demand": demand, "weight": w} for i, w in enumerate(weights)}
    result = run("mesos", {"cpus": 12, "mem": 6144}, jobs)
    assert tuple(granted(result).values()) == agents


def test_mesos_serves_guarantees_first_whatever_the_share():
    agent = {"cpus": 1, "mem": 512}
    jobs = {
        "no quota": {"demand": agent},
        "quota": {"demand": agent, "guarantee": {"cpus": 2, "mem": 1024}},
    }
    result = run("mesos", {"cpus": 4, "mem": 2048}, jobs)
    assert served(result) == ["quota", "quota", "no quota", "no quota"]


def test_mesos_keeps_a_role_in_the_first_stage_until_every_resource_is_met():
    agent = {"cpus": 2, "mem": 1024}
    jobs = {
        "other": {"demand": agent},
        "quota": {"demand": agent, "guarantee": {"cpus": 4, "mem": 1024}},
    }
    assert served(run("mesos", {"cpus": 6, "mem": 3072}, jobs)) == ["quota", "quota", "other"]


def test_mesos_stops_at_a_limit_though_the_share_is_low():
    quota = {"cpus": 0.25, "mem": 128}
    jobs = {
        "other": {"demand": {"cpus": 0.25, "mem": 128}, "usage": {"cpus": 0.5, "mem": 256}},
        "quota": {
            "demand": {"cpus": 0.25, "mem": 128},
            "usage": quota,
            "guarantee": quota,
            "limit": quota,
        },
    }
    result = run("mesos", {"cpus": 2, "mem": 1024}, jobs)
    assert granted(result) == {"other": 5, "quota": 0}


@pytest.mark.parametrize("usage", [0, 1])
def test_mesos_serves_weight_0_last(usage):
    jobs = {"a": {"usage": {"cpus": usage}, "weight": 0}, "b": {"usage": {"cpus": 9}}}
    assert order_of("mesos", {"cpus": 10}, jobs) == ["b", "a"]


# --- Spark: PoolSuite -----------------------------------------------------------------------------


def test_spark_nested_pools_level_by_level():
    """Pools "0" (least 3) and "1" (least 4); in each, two pools: their first four task sets."""
    tops = {"0": {"min_executors": 3}, "1": {"min_executors": 4}}
    inner = {
        "0": {"00": {"min_executors": 2, "weight": 2}, "01": {"min_executors": 1}},
        "1": {"10": {"min_executors": 2, "weight": 2}, "11": {"min_executors": 2}},
    }
    task = {"demand": {"slots": 1}}
    tops = {name: {**words, **task} for name, words in tops.items()}
    turns = served(run("spark", {"slots": 4}, tops))
    assert turns == ["0", "1", "1", "0"]
    for top, pools in inner.items():
        below = {name: {**words, **task} for name, words in pools.items()}
        assert served(run("spark", {"slots": 2}, below)) == [f"{top}0", f"{top}1"]


def test_spark_compares_running_over_weight_once_nobody_is_needy():
    jobs = {
        "a": {"executors": 2, "min_executors": 2},
        "b": {"executors": 3, "min_executors": 3, "weight": 2},
        "c": {"executors": 1, "min_executors": 2},
        "d": {"executors": 9, "weight": 0},
    }
    jobs = {name: {**words, "demand": {"slots": 1}} for name, words in jobs.items()}
    assert order_of("spark", {"slots": 99}, jobs) == ["c", "b", "a", "d"]


# --- Volcano: allocate_test.go --------------------------------------------------------------------


def test_volcano_serves_one_task_each():
    jobs = {name: {"demand": {"cpu": 1, "memory": 1}} for name in ("c1", "c2")}
    assert granted(run("volcano", {"cpu": 2, "memory": 4}, jobs)) == {"c1": 1, "c2": 1}


def test_volcano_is_not_blocked_by_a_job_that_does_not_fit():
    jobs = {
        "large": {"demand": {"cpu": 3, "memory": 1}, "priority": 9},
        "small": {"demand": {"cpu": 1, "memory": 1}, "max_executors": 1},
    }
    assert granted(run("volcano", {"cpu": 2, "memory": 4}, jobs)) == {"large": 0, "small": 1}


def test_volcano_passes_over_a_job_with_nothing_pending():
    jobs = {
        "pg-1": {"usage": {"cpu": 1}, "executors": 1, "max_executors": 1, "demand": {"cpu": 1}},
        "pg-2": {"usage": {"cpu": 2}, "demand": {"cpu": 2}},
    }
    assert granted(run("volcano", {"cpu": 5}, jobs)) == {"pg-1": 0, "pg-2": 1}


def test_volcano_counts_pods_and_no_weights_and_goes_by_age():
    task = {"demand": {"cpu": 1, "pods": 1}}
    jobs = {
        "z": {**task, "usage": {"cpu": 100, "pods": 2}, "weight": 9, "submitted": 2},
        "y": {**task, "usage": {"cpu": 50, "pods": 2}, "submitted": 1},
        "x": {**task, "usage": {"cpu": 150, "pods": 1}, "submitted": 3},
        "w": {**task, "usage": {"cpu": 1, "pods": 2}, "submitted": 2},
    }
    # 150/1000 and 1/10: .15; the others have two pods of ten.
    assert order_of("volcano", {"cpu": 1000, "pods": 10}, jobs) == ["x", "y", "z", "w"]


# --- Armada: queue_scheduler_test.go --------------------------------------------------------------

NODE = {"cpu": 32, "memory": 256}
SMALL = {"cpu": 1, "memory": 4}
ARMADA = [
    (1, (1, 1), 32, (16, 16)),
    (1, (1, 1, 1), 32, (11, 11, 10)),
    (3, (1, 0.5), 96, (64, 32)),
    (3, (1, 0.5, 0.1), 96, (60, 30, 6)),
]


@pytest.mark.parametrize(("nodes", "weights", "jobs", "expected"), ARMADA)
def test_armada_schedules_by_weight(nodes, weights, jobs, expected):
    """Armada states priority factors, 2 and 10 here: a weight is one over it."""
    capacity = {name: nodes * amount for name, amount in NODE.items()}
    queues = {
        f"queue {i}": {"demand": SMALL, "weight": weight, "max_executors": jobs}
        for i, weight in enumerate(weights)
    }
    assert tuple(granted(run("armada", capacity, queues)).values()) == expected


def test_armada_gives_nothing_to_who_holds_most():
    queues = {
        "A": {"demand": SMALL, "usage": {"cpu": 100, "memory": 400}},
        "B": {"demand": SMALL},
    }
    queues = {name: {**queue, "max_executors": 32} for name, queue in queues.items()}
    result = run("armada", {"cpu": 132, "memory": 4000}, queues)
    assert granted(result) == {"A": 0, "B": 32}


def test_armada_compares_what_a_queue_would_hold():
    queues = {"A": {"demand": {"cpu": 16, "memory": 4}}, "B": {"demand": SMALL}}
    assert order_of("armada", NODE, queues) == ["B", "A"]
    assert order_of("armada", NODE, {"B": {"demand": SMALL}, "A": {"demand": SMALL}}) == ["A", "B"]


def test_armada_serves_the_higher_priority_class_first():
    queues = {"A": {"demand": SMALL, "priority": 1}, "B": {"demand": SMALL, "priority": 2}}
    assert order_of("armada", NODE, queues) == ["B", "A"]
