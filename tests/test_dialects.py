"""Dialects as policies: by name, label and object, their parameters, and states that are wrong."""

import dataclasses
import pickle

import numpy as np
import pytest
from complaints import refused
from dialect_cases import DIALECTS
from dialect_states import granted, run, served

import fairsched_fast as fs

CAPACITY = {"cpu": 10, "mem": 20, "gpu": 5}
JOBS = {
    "a": {"usage": {"cpu": 1, "gpu": 2}, "demand": {"cpu": 1, "mem": 1, "gpu": 0}},
    "b": {"usage": {"cpu": 2}, "demand": {"cpu": 1, "mem": 2, "gpu": 0}},
    "c": {"usage": {"mem": 5}, "demand": {"cpu": 0, "mem": 3, "gpu": 1}},
}
STATE = {"capacity": CAPACITY, "jobs": JOBS}
WITH_PARAMETERS = [
    ("mesos", {"exclude": ["gpu"]}, 'mesos(exclude=["gpu"])'),
    ("yarn", {"exclude": ["gpu", "mem"]}, 'yarn(exclude=["gpu", "mem"])'),
    ("armada", {"exclude": ["gpu"]}, 'armada(exclude=["gpu"])'),
    ("armada", {"multipliers": {"gpu": 2, "cpu": 0.5}}, "armada(multipliers={gpu=2, cpu=0.5})"),
    ("kueue", {"flavors": {"all": ["cpu", "gpu"]}}, 'kueue(flavors={all=["cpu", "gpu"]})'),
    ("kueue", {"non_borrowing_first": False}, "kueue(non_borrowing_first=false)"),
    ("yunikorn", {"priority_first": True}, "yunikorn(priority_first=true)"),
    ("kai", {"grain": {"gpu": 0.5}}, "kai(grain={gpu=0.5})"),
]


# --- By name, by label, as objects ----------------------------------------------------------------


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_is_a_policy_like_any_other(name):
    dialect = fs.dialect(name)
    assert dialect.name == name
    assert dialect == fs.find_policy(name)
    by_name, by_object = run(name, CAPACITY, JOBS), run(dialect, CAPACITY, JOBS)
    assert served(by_name) == served(by_object)
    assert by_name.granted.sum() > 0
    text = by_name.step_log().to_string()
    assert text.count("\n") == by_name.steps[0]


@pytest.mark.parametrize(("name", "parameters", "label"), WITH_PARAMETERS)
def test_a_label_is_the_dialect_with_its_parameters(name, parameters, label):
    dialect = fs.dialect(name, **parameters)
    assert dialect.name == label
    again = [fs.find_policy(label), fs.find_policy({"policy": name, **parameters})]
    again.append(pickle.loads(pickle.dumps(dialect)))
    expected = served(run(dialect, CAPACITY, JOBS))
    for other in again:
        assert (other.name, dict(other.given)) == (label, parameters)
        assert served(run(other, CAPACITY, JOBS)) == expected
    assert served(run(label, CAPACITY, JOBS)) == expected


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_travels_to_other_processes(name):
    named = fs.find_policy({"policy": name, "label": "mine"})
    copy = pickle.loads(pickle.dumps(named))
    assert copy.name == "mine"
    assert copy.lower is fs.dialect(name).lower
    assert copy.about == fs.dialect(name).about


@pytest.mark.parametrize("name", DIALECTS)
def test_what_a_dialect_models_is_written_down(name):
    about = fs.dialect(name).about
    for field in dataclasses.fields(about):
        value = getattr(about, field.name)
        if field.name not in ("share", "fair_share"):
            assert isinstance(value, str), field.name
            assert len(value) > 3, field.name
    assert " at " in about.source
    assert fs.dialect(name).description


def test_only_dialects_are_dialects():
    with refused("unknown dialect 'drf'; expected one of 'armada'"):
        fs.dialect("drf")
    with refused("unknown dialect 'volcan'; did you mean 'volcano'?"):
        fs.dialect("volcan")
    assert fs.find_policy("drf").about is None


# --- Parameters -----------------------------------------------------------------------------------


def test_excluded_resources_count_for_nobodys_share():
    jobs = {
        "a": {"usage": {"gpu": 4}, "demand": {"cpu": 1, "mem": 1, "gpu": 0}},
        "b": {"usage": {"cpu": 1}, "demand": {"cpu": 1, "mem": 1, "gpu": 0}},
    }
    state = {"capacity": CAPACITY, "jobs": jobs}
    for name in ("mesos", "yarn", "armada"):
        assert fs.dialect(name).order(state) == ["b", "a"]
        assert fs.dialect(name, exclude=["gpu"]).order(state) == ["a", "b"]
        assert fs.dialect(name, exclude=["gpu"]).share(state)["a"] == 0


def test_multipliers_weigh_the_resources_they_name():
    jobs = {"a": {"usage": {"gpu": 2}}, "b": {"usage": {"cpu": 3}}, "c": {"usage": {"mem": 19}}}
    armada = fs.dialect("armada", multipliers={"gpu": 0.5, "cpu": 1})
    assert armada.share({"capacity": CAPACITY, "jobs": jobs}) == {"a": 0.2, "b": 0.3, "c": 0}
    assert armada.order({"capacity": CAPACITY, "jobs": jobs}) == ["c", "a", "b"]


WRONG = [
    ("mesos", {"exclud": ["gpu"]}, "no parameter 'exclud'; did you mean 'exclude'?"),
    ("mesos", {"exclude": "gpu"}, "exclude of policy 'mesos' is 'gpu'; expected a list of names"),
    ("mesos", {"exclude": ["gpus"]}, "no resource 'gpus'; did you mean 'gpu'?"),
    ("yarn", {"exclude": ["gpu", "cpu", "mem"]}, "leaves no resource to compare"),
    ("yarn", {"exclude": [1]}, "expected a list of names"),
    ("armada", {"multipliers": ["gpu"]}, "expected a table"),
    ("armada", {"multipliers": {"gpus": 1}}, "no resource 'gpus'"),
    ("armada", {"multipliers": {"gpu": -1}}, "multipliers.gpu is -1; expected a number, 0 or more"),
    ("armada", {"multipliers": {"gpu": True}}, "multipliers.gpu is True"),
    ("armada", {"multipliers": {"gpu": float("inf")}}, "multipliers.gpu is inf"),
    ("armada", {"multipliers": {"gpu": 1}, "exclude": ["cpu"]}, "expected one of them"),
    ("kueue", {"flavors": ["gpu"]}, "expected a table"),
    ("kueue", {"flavors": {"x": ["gpus"]}}, "no resource 'gpus'"),
    ("kueue", {"flavors": {"x": ["gpu"], "y": ["gpu"]}}, "expected each resource in one list"),
    ("kueue", {"flavors": {"x": "gpu"}}, "expected"),
    ("kueue", {"flavors": {"x": 5}}, "expected"),
    ("kueue", {"flavors": {"x": []}}, "expected"),
    ("kueue", {"non_borrowing_first": "no"}, "is 'no'; expected true or false"),
    ("yunikorn", {"priority_first": 1}, "is 1; expected true or false"),
    ("kai", {"grain": 0.5}, "expected a table"),
    ("kai", {"grain": {"gpu": 0}}, "grain.gpu is 0; expected a number above 0"),
    ("kai", {"grain": {"gpu": float("inf")}}, "grain.gpu is inf"),
    ("kai", {"grain": {"gpus": 1}}, "no resource 'gpus'"),
    ("spark", {"exclude": ["gpu"]}, "no parameter 'exclude'"),
]


@pytest.mark.parametrize(("name", "parameters", "said"), WRONG)
def test_wrong_parameters_are_refused(name, parameters, said):
    with refused(said):
        run(fs.dialect(name, **parameters), CAPACITY, JOBS)
    with refused(said):
        fs.dialect(name, **parameters).order(STATE)


def test_numpys_numbers_are_numbers():
    half = fs.dialect("armada", multipliers={"gpu": np.float64(0.5)})
    assert half.order(STATE) == fs.dialect("armada", multipliers={"gpu": 0.5}).order(STATE)


# --- States ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DIALECTS)
def test_a_state_is_a_scenario_a_batch_or_words(name):
    members = [fs.Job(job, **words) for job, words in JOBS.items()]
    scenario = fs.Scenario(fs.Pool("pool", CAPACITY), members, 3)
    dialect = fs.dialect(name)
    expected = dialect.order(STATE)
    assert sorted(expected) == ["a", "b", "c"]
    assert dialect.order(scenario) == dialect.order(fs.Batch.from_scenarios(scenario)) == expected
    assert dialect.share(scenario) == dialect.share(STATE)


BAD_STATES = [
    (None, "state is None; expected a Scenario, a Batch or a table of words"),
    ([1], "expected a Scenario, a Batch or a table"),
    ({"capacity": CAPACITY}, "expected capacity, and jobs by name"),
    ({"capacity": CAPACITY, "jobz": JOBS}, "the key 'jobz'; did you mean 'jobs'?"),
    ({"capacity": CAPACITY, "jobs": JOBS, "pools": 2}, "the key 'pools'"),
    ({"capacity": CAPACITY, "jobs": ["a"]}, "expected capacity, and jobs by name"),
    ({"capacity": CAPACITY, "jobs": {}}, "jobs is empty"),
    ({"capacity": {}, "jobs": JOBS}, "capacity is empty"),
    ({"capacity": 5, "jobs": JOBS}, "capacity"),
    ({"capacity": {"cpu": "ten"}, "jobs": {"a": {}}}, "capacity['cpu'] is 'ten'"),
    ({"capacity": {"cpu": float("nan")}, "jobs": {"a": {}}}, "capacity['cpu'] is nan"),
    ({"capacity": CAPACITY, "jobs": {"a": 5}}, "'a'"),
    ({"capacity": CAPACITY, "jobs": {"a": {"usge": {}}}}, "'usge'"),
    ({"capacity": CAPACITY, "jobs": {"a": {"usage": 5}}}, "usage is 5; expected a mapping"),
    ({"capacity": CAPACITY, "jobs": {"a": {"demand": 5}}}, "demand"),
    ({"capacity": CAPACITY, "jobs": {"a": {"usage": {"tpu": 5}}}}, "unknown resource 'tpu'"),
    ({"capacity": CAPACITY, "jobs": {"a": {"weight": -1}}}, "weight is -1"),
    ({"capacity": CAPACITY, "jobs": {"": {}}}, "name"),
]


@pytest.mark.parametrize(("state", "said"), BAD_STATES)
def test_bad_states_are_refused(state, said):
    for ask in (fs.dialect("kai").order, fs.dialect("kai").share, fs.dialect("kai").fair_share):
        with refused(said):
            ask(state)


SHARED = {"capacity": [30, 40], "demand": [[1, 2], [2, 1], [1, 1]], "extra_executors": 9}
STATED = [
    {},
    {"weight": [1, 2, 3]},
    {"priority": [[0, 1, 0], [1, 1, 0]]},
    {"guarantee": [[3, 3], [0, 2], [1, 1]], "submitted": [[0, 1, 0], [3, 2, 1]]},
    {"capacity": [[30, 40], [10, 12]], "limit": [[8, 8]]},
    {"extra_executors": [2, 9], "usage": [[1, 1]]},
]


@pytest.mark.parametrize("stated", STATED)
@pytest.mark.parametrize("name", DIALECTS)
def test_a_batchs_shared_axes_are_as_good_as_the_expanded(name, stated):
    arrays = {**SHARED, **stated}
    shared = fs.allocate(fs.Batch(**arrays), name, log=True)
    arrays.setdefault("weight", np.ones(3))
    arrays.setdefault("usage", np.zeros((3, 2)))
    axes = {"capacity": (2,), "extra_executors": (), "demand": (3, 2), "usage": (3, 2)}
    axes |= {"guarantee": (3, 2), "limit": (3, 2)}
    rows = shared.batch.S
    full = {name: np.broadcast_to(a, (rows, *axes.get(name, (3,)))) for name, a in arrays.items()}
    expanded = fs.allocate(fs.Batch(**full), name, log=True)
    assert shared.choices.tolist() == expanded.choices.tolist()
    assert fs.dialect(name).order(shared.batch.rows(0, 1)) == fs.dialect(name).order(
        expanded.batch.rows(0, 1)
    )


def test_a_batch_of_several_rows_is_no_state():
    batch = fs.Batch(capacity=[[1], [2]], demand=[[1]], extra_executors=1)
    with refused("state has 2 scenarios; expected one"):
        fs.dialect("mesos").share(batch)
    assert fs.dialect("mesos").order(batch.rows(1, 2)) == ["0"]


def test_only_some_schedulers_have_fair_shares():
    for name in ("yunikorn", "mesos", "drf"):
        with refused(f"policy '{name}' says nothing of fair shares"):
            fs.find_policy(name).fair_share(STATE)


def test_yunikorn_shows_the_share_whichever_comes_first():
    state = {"capacity": {"cpu": 10}, "jobs": {"a": {"usage": {"cpu": 5}, "priority": 7}}}
    for priority_first in (False, True):
        dialect = fs.dialect("yunikorn", priority_first=priority_first)
        assert dialect.share(state) == {"a": 0.5}


def test_what_is_negative_in_a_schedulers_records_is_nothing():
    state = {"capacity": {"cpu": 10}, "jobs": {"a": {"usage": {"cpu": -3}}}}
    assert fs.dialect("mesos").share(state) == {"a": 0}


TWO_POOLS = fs.Scenario(
    [fs.Pool("p", {"cpu": 10}), fs.Pool("q", {"cpu": 10})],
    [
        fs.Job("a", demand={"cpu": 1}, pool="p"),
        fs.Job("b", demand={"cpu": 1}, pool="q"),
        fs.Job("c", demand={"cpu": 1}, pool="q"),
    ],
    {"p": 1, "q": 1},
)


def test_several_pools_have_no_one_order():
    with refused("the state has several pools; expected one"):
        fs.dialect("mesos").order(TWO_POOLS)


@pytest.mark.parametrize("name", ["yarn", "kai"])
def test_a_pool_is_divided_among_its_own_jobs(name):
    shares = fs.dialect(name).fair_share(TWO_POOLS)
    assert {job: share["cpu"] for job, share in shares.items()} == {"a": 10, "b": 5, "c": 5}


def test_armada_weighs_a_pools_own_queues():
    shares = fs.dialect("armada").fair_share(TWO_POOLS)
    assert [share["fair_share"] for share in shares.values()] == [1, 0.5, 0.5]


# --- Not plain DRF --------------------------------------------------------------------------------

# For each dialect: capacity, jobs, executors to hand out; what drf gives, what the dialect gives.
CPU = {"cpu": 1}
OTHERWISE = {
    # A guarantee goes before a lower share.
    "mesos": (
        {"cpu": 10},
        {"a": {"demand": CPU, "usage": {"cpu": 3}, "guarantee": {"cpu": 6}}, "b": {"demand": CPU}},
        3,
        {"a": 0, "b": 3},
        {"a": 3, "b": 0},
    ),
    # At equal dominant shares the second resource decides.
    "yarn": (
        {"cpu": 10, "mem": 10},
        {
            "a": {"demand": {"cpu": 1, "mem": 0}, "usage": {"cpu": 2, "mem": 2}},
            "b": {"demand": {"cpu": 1, "mem": 0}, "usage": {"cpu": 2, "mem": 1}},
        },
        1,
        {"a": 1, "b": 0},
        {"a": 0, "b": 1},
    ),
    # Pools count tasks, however large.
    "spark": (
        {"cpu": 12},
        {"a": {"demand": {"cpu": 1}}, "b": {"demand": {"cpu": 3}}},
        100,
        {"a": 6, "b": 2},
        {"a": 3, "b": 3},
    ),
    # Weights are the queues' affair.
    "volcano": (
        {"cpu": 8},
        {"a": {"demand": CPU}, "b": {"demand": CPU, "weight": 3}},
        8,
        {"a": 2, "b": 6},
        {"a": 4, "b": 4},
    ),
    # What is within the nominal quota counts nothing.
    "kueue": (
        {"cpu": 12},
        {"a": {"demand": CPU, "guarantee": {"cpu": 6}}, "b": {"demand": CPU}},
        12,
        {"a": 6, "b": 6},
        {"a": 9, "b": 3},
    ),
    # The guarantee is the weight.
    "yunikorn": (
        {"cpu": 9},
        {
            "a": {"demand": CPU, "guarantee": {"cpu": 3}},
            "b": {"demand": CPU, "guarantee": {"cpu": 6}},
        },
        9,
        {"a": 5, "b": 4},
        {"a": 3, "b": 6},
    ),
    # What a queue is to hold counts: the smaller executor goes first.
    "armada": (
        {"cpu": 8},
        {"a": {"demand": {"cpu": 4}}, "b": {"demand": CPU}},
        3,
        {"a": 1, "b": 2},
        {"a": 0, "b": 3},
    ),
    # What is deserved goes first, and shares are of what one may have.
    "kai": (
        {"cpu": 12},
        {
            "a": {"demand": CPU, "guarantee": {"cpu": 6}},
            "b": {"demand": CPU, "guarantee": {"cpu": 2}},
        },
        12,
        {"a": 6, "b": 6},
        {"a": 8, "b": 4},
    ),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_each_dialect_gives_what_plain_drf_does_not(name):
    capacity, jobs, extra, drf, own = OTHERWISE[name]
    assert drf != own
    assert granted(run("drf", capacity, jobs, extra)) == drf
    assert granted(run(name, capacity, jobs, extra)) == own


def test_every_dialect_is_tried():
    assert sorted(OTHERWISE) == DIALECTS
