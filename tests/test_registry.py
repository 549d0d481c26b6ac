"""Policies by name: parameters, labels that tell them, tables, and policies that travel."""

import pickle

import numpy as np
import pytest
from agreement import EVERY_POLICY, ours, same
from complaints import refused

import fairsched_fast as fs

ONE = np.ones((1, 1, 1))


@fs.policy("tilted", measure="executors granted")
def tilted(batch, *, by: float = 1, only: tuple = (), first: str = "", reverse: bool = False):
    """Executors granted, each job ahead of the next by so many; from the other end if reversed."""
    handicap = np.arange(batch.J)[::-1] if reverse else np.arange(batch.J)
    return fs.Claims(by * handicap[:, None, None], ONE, ONE)


@fs.policy("by table")
def by_table(batch, *, head_start: dict = {}):  # noqa: B006  # the kind of value it takes
    """Executors granted; a resource's head start, whatever that be, moves nobody."""
    return fs.Claims(sum(head_start.values()) * ONE, ONE, ONE)


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(3)
    S, J, R = 50, 4, 2
    usage = rng.integers(0, 5, (S, J, R))
    return fs.Batch(
        capacity=usage.sum(axis=1) + rng.integers(5, 30, (S, R)),
        demand=rng.integers(0, 3, (S, J, R)),
        usage=usage,
        weight=rng.choice([0, 0.5, 1, 2], (S, J)),
        priority=rng.integers(0, 3, (S, J)),
        submitted=rng.integers(0, 3, (S, J)),
        extra_executors=12,
    )


def granted(batch, policy):
    return fs.allocate(batch, policy, log=True).choices.tolist()


# --- Parameters of one's own ----------------------------------------------------------------------


def test_parameters_of_a_policy_are_its_keyword_only_arguments():
    assert tilted.parameters == {"by": 1, "only": (), "first": "", "reverse": False}
    three = fs.Batch(capacity=[99], demand=[[1]] * 3, extra_executors=5)
    assert granted(three, "tilted") == [[0, 0, 1, 0, 1]]
    assert granted(three, "tilted(by=9)") == [[0] * 5]
    assert granted(three, {"policy": "tilted", "by": 9, "reverse": True}) == [[2] * 5]
    assert granted(three, fs.find_policy(tilted, by=0)) == [[0, 1, 2, 0, 1]]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"bye": 1}, "policy 'tilted' has no parameter 'bye'; did you mean 'by'?"),
        ({"by": "1"}, "parameter by of policy 'tilted' is '1'; expected a number, 0 or more"),
        ({"by": -1}, "is -1; expected a number, 0 or more"),
        ({"by": np.nan}, "is nan; expected a number, 0 or more"),
        ({"by": np.inf}, "is inf; expected a number, 0 or more"),
        ({"by": True}, "is True; expected a number, 0 or more"),
        ({"reverse": 1}, "parameter reverse of policy 'tilted' is 1; expected true or false"),
        ({"first": 3}, "parameter first of policy 'tilted' is 3; expected a name"),
        ({"only": "cpu"}, "parameter only of policy 'tilted' is 'cpu'; expected a list of names"),
        ({"only": [1]}, "is [1]; expected a list of names"),
        ({"label": " "}, "label is ' '; expected a non-empty name"),
        ({"label": 7}, "label is 7; expected a non-empty name"),
    ],
)
def test_a_wrong_parameter_is_refused_when_the_policy_is_found(given, said):
    with refused(said):
        fs.find_policy("tilted", **given)
    with refused(said):
        fs.find_policy({"policy": "tilted", **given})


def test_a_policy_without_parameters_says_so():
    with refused("policy 'fifo' has no parameter 'by'; there are none"):
        fs.find_policy("fifo(by=3)")


def test_numbers_of_numpy_are_numbers():
    for number in (np.int64(2), np.float64(2)):
        assert fs.find_policy("tilted", by=number).given["by"] == 2


def test_a_parameter_without_a_default_is_refused_when_the_policy_is_made():
    with refused("'needing'", "x", "default"):

        @fs.policy("needing")
        def needing(batch, *, x):
            return fs.Claims(ONE, ONE, ONE)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("drg(post_grant=true)", "unknown policy 'drg(post_grant=true)'; did you mean 'drf'?"),
        ("drf(exclude=gpu)", 'expected name(parameter=value), as in drf(exclude=["gpu"])'),
        ("drf(post_grant)", "expected name(parameter=value)"),
        ({"exclude": ["gpu"]}, "expected a table with the key policy"),
        ({"policy": "drg"}, "unknown policy 'drg'; did you mean 'drf'?"),
        (None, "unknown policy None; expected one of"),
        (7, "unknown policy 7; expected one of"),
    ],
)
def test_what_is_no_policy_is_refused(given, said):
    with refused(said):
        fs.find_policy(given)


@pytest.mark.parametrize("name", ["a(b", "a)", "drf()", "(", " ", "", None])
def test_a_name_has_no_parentheses(name):
    with refused(f"policy name is {name!r}; expected a non-empty name, no parentheses"):
        fs.policy(name)(lambda batch: None)


# --- Labels ---------------------------------------------------------------------------------------


def test_a_label_tells_the_parameters_that_were_given():
    assert fs.find_policy("drf").name == "drf"
    assert fs.find_policy("drf", post_grant=True).name == "drf(post_grant=true)"
    assert fs.find_policy("drf", exclude=("a", 'b"c')).name == r'drf(exclude=["a", "b\"c"])'
    assert fs.find_policy("priority", boost=0.5, then="slots").name == (
        'priority(boost=0.5, then="slots")'
    )
    again = fs.find_policy(fs.find_policy("drf", exclude=["r0"]), post_grant=True)
    assert again.name == 'drf(exclude=["r0"], post_grant=true)'


@pytest.mark.parametrize("policy", EVERY_POLICY, ids=str)
def test_a_results_label_finds_a_policy_of_the_same_results(policy, batch):
    one = fs.allocate(batch, ours(policy, 2), log=True)
    label = one.policy.name
    same(fs.allocate(batch, label, log=True), one)
    assert fs.find_policy(label).name == label
    spaced = label.replace("(", " ( ").replace(",", " ,  ") if label.count("(") == 1 else label
    same(fs.allocate(batch, spaced, log=True), one)


@pytest.mark.parametrize("name", ["é", 'a"b)', "back\\slash", "new\nline", "delete\x7f", "a, b=1"])
def test_any_name_survives_in_a_label(name):
    label = fs.find_policy("tilted", only=[name], first=name).name
    assert fs.find_policy(label).given == {"only": [name], "first": name}


@pytest.mark.parametrize("name", ["cpu", "nvidia.com/gpu", "my gpu", 'a"b', ""])
def test_any_resource_survives_in_a_table_of_a_label(name):
    label = fs.find_policy("by table", head_start={name: 2}).name
    assert fs.find_policy(label).given == {"head_start": {name: 2}}


def test_a_table_may_name_its_policy_as_it_likes(batch):
    table = {"policy": "drf", "exclude": ["r1"], "label": "without r1"}
    result = fs.allocate(batch, table)
    assert result.policy.name == "without r1"
    assert np.array_equal(result.granted, fs.allocate(batch, 'drf(exclude=["r1"])').granted)


# --- Travelling -----------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", EVERY_POLICY, ids=str)
def test_built_in_policies_are_pickled(policy, batch):
    one = ours(policy, 2)
    again = pickle.loads(pickle.dumps(one))
    assert (again.name, dict(again.given)) == (one.name, dict(one.given))
    same(fs.allocate(batch, again, log=True), fs.allocate(batch, one, log=True))


def test_a_label_of_ones_own_is_pickled_with_its_policy():
    table = {"policy": "drf", "exclude": ["gpu"], "label": "mine"}
    again = pickle.loads(pickle.dumps(fs.find_policy(table)))
    assert (again.name, again.given) == ("mine", {"exclude": ["gpu"]})
