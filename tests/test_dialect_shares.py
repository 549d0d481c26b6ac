"""What dialects show of each queue: shares, costs and fair shares of the schedulers' own tests."""

import pytest

import fairsched_fast as fs


def shares_of(dialect, capacity, jobs):
    return fs.dialect(dialect).share({"capacity": capacity, "jobs": jobs})


# --- Kueue: fair_sharing_test.go ------------------------------------------------------------------

KUEUE = {
    "zero weight": (10 + 5, {"usage": 7, "guarantee": 5, "weight": 0}, 2**63 - 1),
    "zero weight, nothing borrowed": (15, {"usage": 5, "guarantee": 5, "weight": 0}, 0),
    "cohort share": (50, {"usage": 10, "guarantee": 5}, 100),
    "child cohort": (50, {"usage": 10, "guarantee": 5, "weight": 2}, 50),
    "quota only at the root": (50, {"usage": 10}, 200),
    "quota only at the root, child cohort": (50, {"usage": 10, "weight": 2}, 100),
    "a borrowing limit makes the denominator": (10, {"usage": 10}, 1000),
    "below a borrowing limit": (50, {"usage": 10}, 200),
    "nearly nothing is shown as 1": (2**63 - 1, {"usage": 1}, 1),
    "weight 2 of 400": (1000, {"usage": 400, "weight": 2}, 200),
    "two and a half is shown as 3": (1000, {"usage": 10, "weight": 4}, 3),
}


@pytest.mark.parametrize(("lendable", "queue", "expected"), KUEUE.values(), ids=KUEUE)
def test_kueue_shows_shares_rounded_up(lendable, queue, expected):
    job = {
        name: {"gpu": value} if name in ("usage", "guarantee") else value
        for name, value in queue.items()
    }
    assert shares_of("kueue", {"gpu": lendable}, {"cq": job}) == {"cq": expected}


# --- YuniKorn: resources_test.go ------------------------------------------------------------------

FOUR = ("es", "memory", "pods", "vcore")
EACH = dict.fromkeys(FOUR, 1000)
YUNIKORN = [
    ({"vcore": 0}, {"vcore": 1000}, {"vcore": 99999}, 0),
    (
        {"vcore": 100, "memory": 2500},
        {"vcore": 1000, "memory": 5000},
        {"vcore": 99999, "memory": 99999},
        0.5,
    ),
    (
        {"vcore": 100, "memory": 2500, "es": 100},
        {"vcore": 1000, "memory": 5000, "es": 2000},
        dict.fromkeys(FOUR, 99999),
        0.5,
    ),
    (EACH, {"pods": 88888}, {**dict.fromkeys(FOUR, 99999), "es": 2000}, 0.5),
    (EACH, {"vcore": 2000}, dict.fromkeys(FOUR, 99999), 0.5),
    (dict.fromkeys(FOUR, 0), {"vcore": 2000}, dict.fromkeys(FOUR, 99999), 0),
    (EACH, {}, {"es": 5000, "memory": 0, "pods": 5000, "vcore": 5000}, 1),
    (
        {**EACH, "vcore": 0},
        {"vcore": -10},
        {"es": 5000, "memory": 2000, "pods": 5000, "vcore": 5000},
        0.5,
    ),
    (EACH, {}, {"es": 5000, "memory": 5000, "pods": 5000, "vcore": -1000}, 1),
    ({**EACH, "vcore": 0}, {}, {"es": 5000, "memory": 5000, "pods": 5000, "vcore": -1000}, 0.2),
    (EACH, {}, EACH, 1),
    ({}, {}, EACH, 0),
]


@pytest.mark.parametrize(("allocated", "guaranteed", "fair_max", "expected"), YUNIKORN)
@pytest.mark.parametrize("as_limit", [False, True])
def test_yunikorn_shares(allocated, guaranteed, fair_max, expected, as_limit):
    """A queue's fair maximum is the pool's capacity, or its own limit."""
    job = {"usage": allocated, "guarantee": guaranteed}
    if as_limit:
        job["limit"], fair_max = fair_max, dict.fromkeys(fair_max, 10**6)
    assert shares_of("yunikorn", fair_max, {"q": job}) == {"q": expected}


# --- Armada: fairness_test.go, scheduling_test.go -------------------------------------------------

ARMADA = [
    ({"bar": 0.5}, {}, 0.25),
    ({"foo": 0.5, "bar": 1.1}, {"foo": 1, "bar": 1}, 0.55),
    ({"foo": 0.5, "bar": 1.1}, {"foo": 4, "bar": 1}, 2),
    ({"foo": 0.5, "bar": 2}, {"foo": 1, "bar": 0.5}, 0.5),
]


@pytest.mark.parametrize(("held", "multipliers", "expected"), ARMADA)
def test_armada_costs(held, multipliers, expected):
    capacity = {"foo": 1, "bar": 2, "baz": 3}
    options = {"multipliers": multipliers} if multipliers else {"exclude": ["baz"]}
    state = {"capacity": capacity, "jobs": {"q": {"usage": {**held, "baz": 3}}}}
    assert fs.dialect("armada", **options).share(state) == {"q": pytest.approx(expected, rel=1e-15)}


ENDLESS = 1000
ARMADA_SHARES = [
    ([(1, ENDLESS)], [1], [1], [1]),
    ([(1, 1)], [1], [0.01], [1]),
    ([(1, ENDLESS)] * 2, [0.5] * 2, [0.5] * 2, [0.5] * 2),
    ([(1, 1)] * 2, [0.5] * 2, [0.01] * 2, [0.99] * 2),
    ([(1, 1), (1, ENDLESS)], [0.5] * 2, [0.01, 0.99], [0.5, 0.99]),
    ([(1, ENDLESS), (3, ENDLESS)], [0.25, 0.75], [0.25, 0.75], [0.25, 0.75]),
    ([(1, 1), (3, ENDLESS)], [0.25, 0.75], [0.01, 0.99], [0.25, 0.99]),
    ([(1, ENDLESS), (3, 1)], [0.25, 0.75], [0.99, 0.01], [0.99, 0.75]),
    (
        [(1, 1), (1, 40), (1, ENDLESS)],
        [1 / 3] * 3,
        [0.01, 0.4, 0.59],
        [0.3808333333333333, 0.495, 0.59],
    ),
    ([(1, 0)] * 3, [1 / 3] * 3, [0] * 3, [1] * 3),
]


@pytest.mark.parametrize(("queues", "fair", "capped", "uncapped"), ARMADA_SHARES)
def test_armada_re_shares_what_is_not_asked_for(queues, fair, capped, uncapped):
    check_armada({"cpu": 100}, queues, fair, capped, uncapped)


@pytest.mark.parametrize("others", [("mem",), ("mem", "gpu")])
def test_armadas_shares_are_of_the_pool_however_many_resources_it_has(others):
    capacity = {"cpu": 100, **dict.fromkeys(others, 500)}
    check_armada(capacity, [(1, 1), (3, ENDLESS)], [0.25, 0.75], [0.01, 0.99], [0.25, 0.99])


def test_armada_shares_a_pool_of_nothing():
    check_armada({"cpu": 0}, [(1, 1)] * 3, [1 / 3] * 3, [1 / 3] * 3, [1 / 3] * 3)


def check_armada(capacity, queues, *expected):
    jobs = {
        f"queue {i}": {"weight": weight, "demand": {"cpu": demand}, "max_executors": 1}
        for i, (weight, demand) in enumerate(queues)
    }
    shares = fs.dialect("armada").fair_share({"capacity": capacity, "jobs": jobs})
    words = ("fair_share", "demand_capped", "uncapped")
    for word, values in zip(words, expected, strict=True):
        assert [share[word] for share in shares.values()] == pytest.approx(values, rel=1e-12), word


ADDED = [
    ([], 1),
    ([(1, ENDLESS)], 1 / 2),
    ([(1, ENDLESS)] * 2, 1 / 3),
    ([(0.5, ENDLESS)], 2 / 3),
    ([(2, ENDLESS)], 1 / 3),
    ([(1, 1)], 0.99),
]


@pytest.mark.parametrize(("queues", "expected"), ADDED)
def test_armada_says_what_a_queue_would_get_that_asks_for_everything(queues, expected):
    jobs = {
        f"queue {i}": {"weight": weight, "demand": {"cpu": demand}, "max_executors": 1}
        for i, (weight, demand) in enumerate(queues)
    }
    jobs["added"] = {"demand": {"cpu": 1}}
    shares = fs.dialect("armada").fair_share({"capacity": {"cpu": 100}, "jobs": jobs})
    assert shares["added"]["demand_capped"] == pytest.approx(expected, rel=1e-12)


# --- YARN: TestComputeFairShares ------------------------------------------------------------------

YARN = {
    "equal": (40, [{}] * 4, [10] * 4),
    "low maximums": (40, [{"limit": m} for m in (100, 50, 11, 3)], [13, 13, 11, 3]),
    "minimums": (40, [{"guarantee": m} for m in (20, 18, 0, 2)], [20, 18, 0, 2]),
    "weights": (45, [{"weight": w} for w in (2, 1, 1, 0.5)], [20, 10, 10, 5]),
    "weights, maximums": (
        45,
        [{"limit": m, "weight": w} for m, w in ((10, 2), (11, 1), (30, 1), (20, 0.5))],
        [10, 11, 16, 8],
    ),
    "weights, minimums": (
        45,
        [{"guarantee": m, "weight": w} for m, w in ((20, 2), (0, 1), (5, 1), (15, 0.5))],
        [20, 5, 5, 15],
    ),
    "large": (40_000_000, [{}] * 4, [10_000_000] * 4),
    "one over two is one each": (1, [{}] * 2, [1, 1]),
    # Replayed from the source: no test of Hadoop's own.
    "rounding up": (41, [{}] * 4, [11] * 4),
    "ten over three": (10, [{}] * 3, [4] * 3),
    "eight to one to one": (16384, [{"weight": w} for w in (8, 1, 1)], [13108, 1638, 1638]),
    "no weight: the minimum": (40, [{"weight": 0, "guarantee": 5}, {}], [5, 35]),
    "nothing allowed": (40, [{"limit": 0}, {}], [0, 40]),
}


@pytest.mark.parametrize(("total", "queues", "expected"), YARN.values(), ids=YARN)
def test_yarn_computes_fair_shares(total, queues, expected):
    jobs = {
        f"queue {i}": {n: v if n == "weight" else {"memory": v} for n, v in words.items()}
        for i, words in enumerate(queues)
    }
    state = {"capacity": {"memory": total, "vcores": 10}, "jobs": jobs}
    shares = fs.dialect("yarn").fair_share(state)
    assert [share["memory"] for share in shares.values()] == expected


def test_yarn_ends_on_minimums_beyond_all_there_is():
    huge = {"guarantee": {"memory": 2**31 - 1}}
    state = {"capacity": {"memory": 2**31 - 1}, "jobs": {"a": huge, "b": huge}}
    assert fs.dialect("yarn").fair_share(state)["b"]["memory"] == 2**31 - 1


def test_yarn_shows_dominant_shares_and_what_the_needy_have_of_their_minimum():
    capacity = {"memory": 100, "vcores": 10, "gpu": 5}
    use = {"memory": 10, "vcores": 5, "gpu": 2}
    assert shares_of("yarn", capacity, {"q": {"usage": use}}) == {"q": 0.5}
    needy = {"usage": use, "guarantee": {"memory": 5, "vcores": 10}}
    assert shares_of("yarn", capacity, {"q": needy}) == {"q": 0.5}


# --- Mesos: hierarchical_allocator_tests.cpp ------------------------------------------------------


@pytest.mark.parametrize(
    ("exclude", "capacity", "expected"),
    [
        ([], {"cpus": 2, "mem": 2048}, {"a": 0.5, "b": 0.5}),
        (["gpus"], {"cpus": 4, "mem": 4096, "gpus": 1}, {"a": 0.25, "b": 0.75}),
    ],
)
def test_mesos_metrics_are_dominant_shares(exclude, capacity, expected):
    held = {"a": {"cpus": 1, "mem": 1024}, "b": {"cpus": capacity["cpus"] - 1}}
    held["b"]["mem"] = capacity["mem"] - 1024
    if exclude:
        held["a"]["gpus"] = 1
    jobs = {name: {"usage": usage} for name, usage in held.items()}
    dialect = fs.dialect("mesos", exclude=exclude)
    assert dialect.share({"capacity": capacity, "jobs": jobs}) == expected
