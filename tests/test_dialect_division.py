"""KAI's division of a pool: the tables of resource_division_test.go and proportion_test.go."""

import pytest
from dialect_states import kai_division

import fairsched_fast as fs

NONE = None


def queue(deserved, weight, request, most=None, priority=0, submitted=0):
    """A KAI queue in the order of its tests' columns."""
    return {
        "deserved": deserved,
        "weight": weight,
        "request": request,
        "max": most,
        "priority": priority,
        "submitted": submitted,
    }


KAI = {
    "enough": (2, [queue(3, 0, 2)], [2]),
    "more than enough": (3, [queue(3, 0, 2)], [2]),
    "a maximum at the request": (3, [queue(2, 0, 2, 2)], [2]),
    "what is deserved may be more than there is": (1, [queue(3, 0, 2)], [2]),
    "no weight, no more than deserved": (7, [queue(3, 0, 5)], [3]),
    "a part deserved": (2, [queue(1.5, 0, 2)], [1.5]),
    "a part requested": (2, [queue(3, 0, 1.5)], [1.5]),
    "nothing deserved": (2, [queue(0, 0, 2)], [0]),
    "over quota: just enough": (5, [queue(3, 1, 5)], [5]),
    "over quota: some is left": (6, [queue(3, 1, 5)], [5]),
    "over quota: a maximum": (5, [queue(3, 1, 5, 4)], [4]),
    "over quota: no weight": (5, [queue(3, 0, 5)], [3]),
    "over quota: a part requested": (5, [queue(3, 1, 4.5)], [4.5]),
    "over quota: only a part is left": (3.5, [queue(3, 1, 5)], [3.5]),
    "over quota: nothing deserved": (6, [queue(0, 1, 5)], [5]),
    "over quota: nothing left": (3, [queue(3, 1, 5)], [3]),
    "over quota: no weight, much left": (13, [queue(3, 0, 5)], [3]),
    "over quota: those with weight are satisfied": (16, [queue(3, 0, 5), queue(3, 1, 3)], [3, 3]),
    "remainder within a priority": (
        5,
        [queue(2, 2, 5, NONE, 2, 1), queue(2, 2, 5, NONE, 2, 2), queue(1, 2, 0, NONE, 1, 3)],
        [3, 2, 0],
    ),
    "cores: enough": (3000, [queue(3000, 3000, 2000)], [2000]),
    "cores: not enough": (1000, [queue(3000, 3000, 2000)], [2000]),
    "cores: all to the one with a weight": (
        10000,
        [queue(5000, 5000, 10000), queue(0, 0, 5000)],
        [10000, 0],
    ),
    "cores: deserved alike": (10000, [queue(5000, 5000, 5000)] * 3, [5000] * 3),
    "cores: over quota alike": (18000, [queue(5000, 5000, 6000)] * 3, [6000] * 3),
    "cores: one takes what two leave": (
        10000,
        [queue(5000, 5000, 7000), queue(5000, 5000, 2000), queue(5000, 5000, 2000)],
        [6000, 2000, 2000],
    ),
    "cores: deserved beyond the total": (
        10000,
        [queue(5000, 5000, 7000), queue(5000, 5000, 5000), queue(5000, 5000, 2000)],
        [5000, 5000, 2000],
    ),
    "cores: a maximum that does not matter": (
        10000,
        [queue(5000, 5000, 7000, 7000), queue(5000, 5000, 2000), queue(5000, 5000, 2000)],
        [6000, 2000, 2000],
    ),
    "cores: the second deserves nothing": (
        10000,
        [queue(5000, 5000, 5000), queue(0, 5000, 5000), queue(5000, 5000, 5000)],
        [5000, 0, 5000],
    ),
    "weights": (1000, [queue(250, 1, 5000), queue(150, 2, 5000)], [450, 550]),
    "weights and a maximum": (1000, [queue(250, 1, 5000), queue(150, 2, 5000, 400)], [600, 400]),
    "three alike": (9999, [queue(1000, 1, 10000)] * 3, [3333] * 3),
    "six to two to one": (
        9999,
        [queue(0, 6, 10000), queue(0, 2, 10000), queue(0, 1, 10000)],
        [6666, 2222, 1111],
    ),
    "fractions": (
        45,
        [queue(12, 12, 32.54999999999996), queue(7, 7, 9.5), queue(2, 2, 1.65, 2)],
        [32.54999999999996, 9.5, 1.65],
    ),
    "the last goes by name": (5, [queue(2, 2, 3), queue(2, 2, 3)], [3, 2]),
    "tree tops: even": (4, [queue(2, 1, 100)] * 2, [2, 2]),
    "tree tops: as deserved": (4, [queue(3, 1, 100), queue(1, 1, 100)], [3, 1]),
    "tree tops: the rest evenly": (12, [queue(3, 1, 100), queue(1, 1, 100)], [7, 5]),
    "tree tops: the rest by weight": (12, [queue(3, 1, 100), queue(1, 7, 100)], [4, 8]),
    "tree tops: by the other's": (12, [queue(3, 7, 100), queue(1, 1, 100)], [10, 2]),
    "tree tops: priority beats weight": (
        12,
        [queue(1, 7, 100, NONE, 1), queue(1, 1, 100, NONE, 2)],
        [1, 11],
    ),
    "tree tops: the other priority": (
        12,
        [queue(1, 1, 100, NONE, 2), queue(1, 7, 100, NONE, 1)],
        [11, 1],
    ),
    "leaves: one without a request": (2, [queue(0, 1, 0), queue(1, 1, 2)], [0, 2]),
    # Worked by hand from the source: no test of KAI's own.
    "a lower priority gets what flooring leaves": (
        3,
        [queue(0, 1, 10, NONE, 2), queue(0, 1, 10, NONE, 2), queue(0, 1, 10, NONE, 1)],
        [1, 1, 1],
    ),
    "a remainder passes the request": (1, [queue(0, 1, 0.7)] * 2, [1, 0]),
    "a remainder of a part": (1.5, [queue(0, 1, 0.9)] * 2, [1, 0.5]),
    "a part to the older": (2.5, [queue(0, 1, 5)] * 2, [1.5, 1]),
    "all of it deserved, twice": (
        10,
        [queue(10, 1, 4), queue(10, 1, 9), queue(2, 1, 5)],
        [4, 9, 2],
    ),
    "one satisfied": (10, [queue(0, 1, 1), queue(0, 1, 20), queue(0, 1, 20)], [1, 5, 4]),
    "one satisfied, even rest": (11, [queue(0, 1, 1), queue(0, 1, 20), queue(0, 1, 20)], [1, 5, 5]),
    "a maximum of a part": (
        10,
        [queue(0, 1, 5, 2.5), queue(0, 1, 20), queue(0, 1, 20)],
        [2.5, 4, 3.5],
    ),
    "no weight among others": (10, [queue(1, 0, 5), queue(1, 1, 20), queue(1, 0.5, 20)], [1, 6, 3]),
}


@pytest.mark.parametrize(("total", "queues", "expected"), KAI.values(), ids=KAI)
def test_kai_divides(total, queues, expected):
    assert kai_division(total, {f"queue {i}": one for i, one in enumerate(queues)}) == expected


def test_kai_gives_the_last_step_to_the_older_queue():
    queues = {"a": queue(2, 2, 3, submitted=2), "b": queue(2, 2, 3, submitted=1)}
    assert kai_division(5, queues) == [2, 3]


KAI_THREE = [
    ("enough", (10, 2500, 1000), [((1, 1, 1), (200, 1, 500), (1000, 1, 500))], [(1, 500, 500)]),
    (
        "not enough",
        (1, 1000, 3000),
        [((2, 1, 3), (20000, 1, 2500), (1000, 1, 5000))],
        [(2, 2500, 3000)],
    ),
    (
        "two, enough",
        (10, 2500, 1000),
        [((1, 1, 1), (200, 1, 500), (1000, 1, 500))] * 2,
        [(1, 500, 500)] * 2,
    ),
    (
        "two, even",
        (10, 3000, 1000),
        [((1, 1, 8), (2000, 1, 3000), (1000, 1, 5000))] * 2,
        [(5, 2000, 1000)] * 2,
    ),
]


@pytest.mark.parametrize(("name", "total", "queues", "expected"), KAI_THREE)
def test_kai_divides_each_resource_by_itself(name, total, queues, expected):
    names = ("gpu", "cpu", "memory")
    jobs = {}
    for i, triple in enumerate(queues):
        guarantee, demand = ({n: t[k] for n, t in zip(names, triple, strict=True)} for k in (0, 2))
        # All of these tests' weights are 1.
        jobs[f"queue {i}"] = {"guarantee": guarantee, "demand": demand, "max_executors": 1}
    state = {"capacity": dict(zip(names, total, strict=True)), "jobs": jobs}
    shares = fs.dialect("kai").fair_share(state)
    assert [tuple(share.values()) for share in shares.values()] == expected


def test_kai_hands_out_steps_of_the_grain():
    queues = {"a": queue(0, 1, 20), "b": queue(0, 1, 20)}
    assert kai_division(5, queues) == [3, 2]
    assert kai_division(5, queues, grain={"gpu": 0.5}) == [2.5, 2.5]
    assert kai_division(5.5, queues, grain={"gpu": 0.5}) == [3, 2.5]
    assert kai_division(5, queues, grain={"gpu": 2}) == [3, 2]
    assert kai_division(6, queues, grain={"gpu": 2}) == [4, 2]


def test_kai_compares_remainders_exactly():
    """Over quota 7 by 10 to 1 to 10: a third each is left over, and goes by age."""
    assert kai_division(
        7, {"a": queue(0, 1, 20), "b": queue(0, 0.1, 20), "c": queue(0, 1, 20)}
    ) == [4, 0, 3]
