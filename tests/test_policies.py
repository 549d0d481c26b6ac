"""Policies: the built-in ones by name, and a user's own, whose claims are checked."""

import numpy as np
import pytest
from complaints import refused
from notebook_figures import SCENARIO
from specs import sweep_of

import fairsched_fast as fs
from fairsched_fast.sweep.running.comparing import compare_sweep
from fairsched_fast.sweep.running.plan import make_plan


def ones(value=1.0):
    return np.full((1, 1, 1), value)


@fs.policy("my slots", measure="executors held")
def slots(batch):
    """Fewest executors held first."""
    return fs.Claims(offset=batch.executors[:, np.newaxis], slope=ones(), per=ones())


@fs.policy("my asset", measure="sum of shares")
def asset(batch):
    """Asset fairness: over a common denominator, the sum of two shares is one line."""
    cpu, mem = batch.capacity
    both = np.stack([mem, cpu])
    return fs.Claims(
        offset=(batch.usage * both).sum(axis=1, keepdims=True),
        slope=(batch.demand * both).sum(axis=1, keepdims=True),
        per=(cpu * mem)[np.newaxis, np.newaxis],
    )


def test_a_policy_of_ones_own_is_used_by_name_and_as_an_object():
    batch = fs.Batch(capacity=[99], demand=[[1]] * 3, executors=[2, 0, 1], extra_executors=6)
    by_name = fs.allocate(batch, "my slots", log=True)
    assert by_name.choices.tolist() == [[1, 1, 2, 0, 1, 2]]
    assert fs.allocate(batch, slots, log=True).choices.tolist() == by_name.choices.tolist()


def test_asset_fairness_serves_the_lowest_sum_of_shares_exactly():
    """Nine CPUs and 18 GB: an executor of A costs 6/18, one of B 7/18."""
    batch = fs.Batch(capacity=[9, 18], demand=[[1, 4], [3, 1]], extra_executors=100)
    result = fs.allocate(batch, "my asset", on_full="stop", log=True)
    assert result.keys == "integer"
    assert result.choices[0, :6].tolist() == [0, 1, 0, 1, 0, -1]
    assert result.granted.tolist() == [[3, 2]]


@pytest.mark.parametrize("unit", [1, 5e-324, 1e287])
def test_shares_of_the_tiniest_pools_are_added_up_too(unit):
    """Beside a pool of ordinary size: one over the capacity alone would pass a double's range."""
    amounts = [unit, 1]
    batch = fs.Batch(
        capacity=np.array([600, 100]) * amounts,
        demand=np.array([[60, 2], [10, 9]]) * amounts,
        usage=np.array([[100, 4], [0, 30]]) * amounts,
        extra_executors=9,
    )
    result = fs.allocate(batch, "asset", log=True)
    assert result.choices.tolist() == [[0, 1, 0, 1, 0, 1, 0, 1, 0]]


def test_a_policys_own_rank_decides_ties():
    @fs.policy("last first")
    def last_first(batch):
        rank = np.arange(batch.J)[::-1, np.newaxis]
        return fs.Claims(offset=ones(0), slope=ones(), per=ones(), rank=rank)

    batch = fs.Batch(capacity=[9], demand=[[1]] * 3, extra_executors=4)
    assert fs.allocate(batch, last_first, log=True).choices.tolist() == [[2, 1, 0, 2]]


# --- Built in: every one of them against the naive scheduler is in test_engine.py -----------------

POOL = fs.Pool("pool", {"cpu": 100}, {"cpu": 1})


def served(policy, *jobs, extra=5):
    """Names in the order of grants."""
    scenario = fs.Scenario(POOL, jobs, extra)
    return "".join(fs.allocate(scenario, policy).step_log()["allocated_to"])


def test_each_built_in_policy_serves_as_its_docstring_says():
    b, a = fs.Job("b", weight=2, submitted=3), fs.Job("a", executors=2, submitted=1)
    assert served("round_robin", b, a) == "babab"
    assert served("weighted_round_robin", b, a) == "babba"
    assert served("fifo", b, a) == "aaaaa"
    assert served("slots", b, a) == "bbbba"
    assert served("drf", b, a) == "abbab"
    first, last = fs.Job("z", priority=1, max_executors=2), fs.Job("y", min_executors=2)
    assert served("priority", last, first) == "zzyyy"
    assert served("priority(boost=1)", last, first) == "yzyzy"
    assert served("priority(boost=2)", last, first) == "yyzzy"
    assert served("min_share_first", last, first) == "yyzzy"
    assert served("quota_first", last, fs.Job("z", guarantee={"cpu": 1})) == "yzyzy"


def test_weightless_jobs_come_last_under_every_weighted_policy():
    jobs = [fs.Job("a", weight=0), fs.Job("b", max_executors=2), fs.Job("c", weight=0)]
    for policy in ("weighted_round_robin", "slots", "max_min", "drf", "asset"):
        assert served(policy, *jobs) == "bbaca"


@pytest.mark.parametrize("outer", ["min_share_first", "priority", "quota_first"])
@pytest.mark.parametrize("then", ["fifo", "round_robin", "drf"])
def test_ties_go_as_the_policy_that_comes_then_says(outer, then):
    """By submission, in list order or by name: as without the stage before, where it is empty."""
    jobs = [fs.Job("c", submitted=2), fs.Job("a", submitted=3), fs.Job("b", submitted=1)]
    assert served(f'{outer}(then="{then}")', *jobs) == served(then, *jobs)


@pytest.mark.parametrize("outer", ["min_share_first", "priority", "quota_first"])
def test_the_policy_that_comes_then_is_checked(outer):
    with refused("unknown policy 'dfr'; did you mean 'drf'?"):
        fs.allocate(SCENARIO, fs.find_policy(outer, then="dfr"))


B = fs.Scenario(fs.Pool("B", {"gpu": 4, "cpu": 8}, {"gpu": 1, "cpu": 1}), fs.Job("x"), 1)


def test_an_unknown_resource_is_answered_with_the_nearest_known_one():
    for policy in ('drf(exclude=["gpx"])', 'max_min(resource="gpx")'):
        with refused("there is no resource 'gpx'; did you mean 'gpu'?"):
            fs.allocate(B, policy)
    with refused("exclude is ['gpu', 'cpu'], which leaves no resource to compare"):
        fs.allocate(B, 'asset(exclude=["gpu", "cpu"])')


# --- Refused --------------------------------------------------------------------------------------


def test_an_unknown_policy_is_answered_with_the_nearest_known_one():
    with refused("unknown policy 'roundrobin'", "did you mean 'round_robin'?"):
        fs.allocate(SCENARIO, "roundrobin")
    with refused("unknown policy 'qqq'", "expected one of", "'drf'"):
        fs.allocate(SCENARIO, "qqq")


def test_a_built_in_name_cannot_be_taken():
    with refused("policy 'drf' is built in"):
        fs.policy("drf")(lambda batch: None)
    with refused("policy name is ' '", "non-empty"):
        fs.policy(" ")(lambda batch: None)


BAD_CLAIMS = [
    ({"slope": ones(-1.0)}, "slope of each job, line 0, scenario 0 is -1.0"),
    ({"offset": ones(np.nan)}, "offset of each job, line 0, scenario 0 is nan"),
    ({"per": ones(np.inf)}, "per of each job, line 0, scenario 0 is inf"),
    ({"offset": np.zeros((5, 1, 1))}, "offset is float64 of shape (5, 1, 1)"),
    ({"slope": np.zeros(3)}, "slope is float64 of shape (3,)"),
    ({"offset": np.zeros((1, 2, 1)), "slope": np.zeros((1, 3, 1))}, "[2, 3] lines"),
    ({"rank": np.zeros((1, 1))}, "rank is float64 of shape (1, 1)"),
]


@pytest.mark.parametrize(("wrong", "said"), BAD_CLAIMS)
def test_unsound_claims_are_refused_before_a_kernel_sees_them(wrong, said):
    sound = {"offset": ones(0), "slope": ones(), "per": ones()}
    unsound = fs.Policy("mine", lambda batch: fs.Claims(**(sound | wrong)))
    with refused("policy 'mine'", said, "expected"):
        fs.allocate(SCENARIO, unsound)


def test_a_lowering_that_returns_something_else_is_refused():
    with refused("policy 'mine' returned a NoneType", "expected fs.Claims"):
        fs.allocate(SCENARIO, fs.Policy("mine", lambda batch: None))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"on_full": "skpi"}, "on_full is 'skpi'; did you mean 'skip'?"),
        ({"on_full": None}, "on_full is None; expected one of 'ignore', 'skip', 'stop'"),
    ],
)
def test_options_of_a_run_are_checked(options, said):
    with refused(said):
        fs.allocate(SCENARIO, **options)


@pytest.mark.parametrize("workers", [0, -3, 1.5, "a"])
def test_workers_are_a_number_of_threads_wherever_they_are_given(workers, tmp_path):
    result, sweep = fs.allocate(SCENARIO), sweep_of("repeat = 2")
    for work in (
        lambda: fs.allocate(SCENARIO, workers=workers),
        lambda: fs.audit(result, workers=workers),
        lambda: fs.audit(result, probes=False, workers=workers),
        lambda: fs.compare(SCENARIO, ["drf", "fifo"], workers=workers),
        lambda: fs.run_sweep(sweep, tmp_path, workers=workers),
        lambda: compare_sweep(sweep, workers=workers, advance=print),
        lambda: make_plan(sweep, workers=workers),
    ):
        with refused(f"workers is {workers!r}; expected a whole number, 1 or more, or None"):
            work()
