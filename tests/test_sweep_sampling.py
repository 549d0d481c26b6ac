"""The rows of a sweep: each from its index alone, the same on every machine."""

import math
from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest
from complaints import refused
from hypothesis import given
from hypothesis import strategies as st
from specs import TABLE, blocks, drawn_from, sweep_of

from fairsched_fast.sweep.scenarios.reading import parse_sweep

HEAVY, LIGHT = "'job.Heavy.usage.cpu'", "'job.Light.usage.cpu'"
UNIT = "{ min = 0, max = 1 }"


def column(sweep, path, start=0, stop=None):
    """The values of one axis in scenarios start…stop−1 of a sweep of one block."""
    rows = sweep.rows(start, sweep.size if stop is None else stop)
    return next(v for setting, v in rows.values.items() if setting.path == path)


def drawn(count, values, path="job.Heavy.usage.cpu", kind="random", **keys):
    """What an axis draws, as a list."""
    sweep = sweep_of(f"{kind} = {{ n = {count}, '{path}' = {values} }}", **keys)
    return column(sweep, path).tolist()


def test_the_first_grid_axis_varies_slowest_and_repeat_fastest():
    sweep = sweep_of(
        "repeat = 2\n"
        "zip = { 'job.Heavy.executors' = [7, 8], 'job.Light.executors' = [70, 80] }\n"
        "grid = { extra_executors = [1, 2], 'pool.Batch.capacity.cpu' = [100, 200, 300] }"
    )
    rows = sweep.rows(0, sweep.size)
    found = list(zip(*(v.tolist() for v in rows.values.values()), rows.repeat, strict=True))
    assert found == [
        (extra, cpu, heavy, light, repeat)
        for extra in (1, 2)
        for cpu in (100, 200, 300)
        for heavy, light in ((7, 70), (8, 80))
        for repeat in (0, 1)
    ]
    assert rows.scenario.tolist() == list(range(24))


def test_the_file_decides_which_axis_is_first():
    sweep = sweep_of("grid = { 'pool.Batch.capacity.cpu' = [1, 2], extra_executors = [5, 6] }")
    assert column(sweep, "pool.Batch.capacity.cpu").tolist() == [1, 1, 2, 2]


def test_draws_vary_faster_than_grids_and_slower_than_repeats():
    sweep = sweep_of(
        f"grid = {{ extra_executors = [1, 2] }}\nrandom = {{ n = 3, {HEAVY} = {UNIT} }}"
    )
    assert column(sweep, "extra_executors").tolist() == [1, 1, 1, 2, 2, 2]
    values = column(sweep, "job.Heavy.usage.cpu").tolist()
    assert len(set(values)) == 6  # every scenario draws anew


def test_blocks_stand_one_behind_the_other():
    sweep = sweep_of("grid = { extra_executors = [1, 2] }", "repeat = 3")
    assert sweep.size == 5
    assert sweep.rows(0, 2).scenario.tolist() == [0, 1]
    later = sweep.rows(2, 5)
    assert (later.block, later.scenario.tolist(), later.repeat.tolist()) == (
        1,
        [2, 3, 4],
        [0, 1, 2],
    )


def test_a_file_without_blocks_is_one_scenario():
    assert sweep_of().size == 1
    assert sweep_of().rows(0, 1).values == {}


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("[0, 1, 0.1]", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
        ("[1, 2.05, 0.35]", [1.0, 1.35, 1.7]),
        ("[0.7, 0.1, -0.2]", [0.7, 0.5, 0.3]),
        ("[5, 31, 5]", [5, 10, 15, 20, 25, 30]),
        ("[5, 30, 5]", [5, 10, 15, 20, 25]),
        ("[3, 6]", [3, 4, 5]),
        ("[1e15, 1000000000000003.0]", [10**15, 10**15 + 1, 10**15 + 2]),
    ],
)
def test_a_range_leaves_out_its_end_and_is_exact(written, values):
    sweep = sweep_of(f"grid = {{ {HEAVY} = {{ range = {written} }} }}")
    assert column(sweep, "job.Heavy.usage.cpu").tolist() == values


def test_a_range_of_whole_numbers_is_of_whole_numbers():
    sweep = sweep_of(f"grid = {{ {HEAVY} = {{ range = [0, 3] }}, {LIGHT} = [0.5, 1] }}")
    assert column(sweep, "job.Heavy.usage.cpu").dtype == np.int64
    assert column(sweep, "job.Light.usage.cpu").dtype == np.float64


# Figures of the streams, typed in: no NumPy, no SciPy and no later version of ours may change them.


def test_uniform_draws_are_these():
    sweep = sweep_of(
        f"random = {{ n = 6, {HEAVY} = {UNIT}, {LIGHT} = {UNIT} }}",
        f"random = {{ n = 3, {HEAVY} = {UNIT} }}",
    )
    heavy, light = (v.tolist() for v in sweep.rows(0, 6).values.values())
    assert heavy[:3] == [0.32390495106329975, 0.6122518021811354, 0.30337524423323303]
    assert heavy[3:] == [0.9685660646733285, 0.7616177136796792, 0.4751256654213266]
    assert light[:3] == [0.16513473575633453, 0.7344528030279328, 0.6252302695736801]
    (other,) = (v.tolist() for v in sweep.rows(6, 9).values.values())
    assert other == [0.36478510483227833, 0.3447651268239035, 0.509148454513884]


def test_uniform_draws_far_into_a_stream_are_these():
    sweep = sweep_of(f"random = {{ n = 2_000_000_000, {HEAVY} = {UNIT} }}")
    far = column(sweep, "job.Heavy.usage.cpu", 1_999_999_997, 2_000_000_000)
    assert far.tolist() == [0.7545840978384145, 0.7140163722689562, 0.8525094514017764]


def test_another_seed_draws_these():
    assert drawn(3, UNIT, seed=8) == [0.4912432722746327, 0.7355503380753453, 0.1605998681944245]


def test_uniform_draws_are_numpys_own():
    key = np.random.SeedSequence(7, spawn_key=(0, 0)).generate_state(2, np.uint64)
    assert drawn(9, UNIT) == np.random.Generator(np.random.Philox(key=key)).random(9).tolist()


def test_drawn_jobs_are_these(tmp_path):
    sweep = drawn_from(tmp_path, "[[block]]\nrepeat = 5\n\n[[block]]\nrepeat = 2")
    assert sweep.rows(0, 5).drawn.tolist() == [
        [0, 2, 11],
        [5, 8, 10],
        [6, 7, 10],
        [6, 8, 10],
        [4, 9, 11],
    ]
    assert sweep.rows(5, 7).drawn.tolist() == [[0, 3, 7], [4, 7, 10]]


def test_jobs_drawn_with_replacement_are_these(tmp_path):
    table = TABLE.replace("= 3", "= 6\nreplace = true")
    sweep = drawn_from(tmp_path, "[[block]]\nrepeat = 2", table=table)
    assert sweep.rows(0, 2).drawn.tolist() == [[0, 0, 3, 6, 10, 10], [6, 6, 7, 7, 9, 10]]


def test_sobol_points_are_these():
    pytest.importorskip("scipy")
    sweep = sweep_of(f"sobol = {{ n = 8, {HEAVY} = {UNIT}, {LIGHT} = {UNIT} }}")
    shift = (0.32390495106329975, 0.16513473575633453)  # the first draw of each axis
    points = [(0, 0), (4, 4), (6, 2), (2, 6), (3, 3), (7, 7), (5, 1), (1, 5)]  # in eighths
    for axis, values in enumerate(sweep.rows(0, 8).values.values()):
        expected = [(point[axis] / 8 + shift[axis]) % 1 for point in points]
        assert values.tolist() == pytest.approx(expected, abs=1e-15)


def test_sobol_points_are_spread_evenly():
    pytest.importorskip("scipy")
    values = drawn(256, UNIT, kind="sobol")
    assert max(abs(value - (i + 0.5) / 256) for i, value in enumerate(sorted(values))) < 1 / 128


def test_draws_lie_within_their_bounds():
    values = drawn(2000, "{ min = 0.5, max = 0.75 }")
    assert 0.5 <= min(values) < 0.501
    assert 0.749 < max(values) < 0.75


@pytest.mark.parametrize(
    ("values", "path", "expected"),
    [
        ("{ min = 2, max = 5 }", "extra_executors", {2, 3, 4, 5}),
        ("{ min = 3, max = 3 }", "extra_executors", {3}),
        ("{ min = 0, max = 1, step = 0.25 }", "job.Heavy.usage.cpu", {0, 0.25, 0.5, 0.75, 1}),
        ("{ min = 0, max = 1, step = 0.3 }", "job.Heavy.usage.cpu", {0, 0.3, 0.6, 0.9}),
        ("{ choice = [1, 5, 2.5] }", "job.Heavy.usage.cpu", {1, 2.5, 5}),
        ("{ choice = { range = [0, 4] } }", "extra_executors", {0, 1, 2, 3}),
    ],
)
def test_every_step_of_a_draw_is_reached_and_no_other(values, path, expected):
    assert set(drawn(400, values, path)) == expected


def test_whole_numbers_are_drawn_equally_often():
    counts = Counter(drawn(30_000, "{ min = 1, max = 6 }", "extra_executors"))
    assert all(abs(count - 5000) < 5 * math.sqrt(5000) for count in counts.values())


def test_jobs_are_distinct_and_in_the_tables_order(tmp_path):
    table = TABLE.replace("= 3", "= 11")
    jobs = drawn_from(tmp_path, "[[block]]\nrepeat = 500", table=table).rows(0, 500).drawn
    assert (np.diff(jobs, axis=1) > 0).all()
    assert (jobs.min(), jobs.max()) == (0, 11)


def test_every_set_of_jobs_is_as_likely(tmp_path):
    table = TABLE.replace("= 3", "= 2")
    csv = "name,cores,mib,slots\n" + "".join(f"{name},1,1,1\n" for name in "abcdef")
    sweep = drawn_from(tmp_path, "[[block]]\nrepeat = 30_000", table=table, csv=csv)
    counts = Counter(map(tuple, sweep.rows(0, 30_000).drawn.tolist()))
    assert set(counts) == set(combinations(range(6), 2))
    assert all(abs(count - 2000) < 5 * math.sqrt(2000) for count in counts.values())


def test_all_jobs_can_be_drawn(tmp_path):
    sweep = drawn_from(tmp_path, table=TABLE.replace("= 3", "= 12"))
    assert sweep.rows(0, 1).drawn.tolist() == [list(range(12))]


EVERY_KIND = """
grid = { extra_executors = [1, 2, 3] }
zip = { 'job.Heavy.executors' = [7, 8], 'job.Light.executors' = [70, 80] }
repeat = 3
where = 'extra_executors != 2 or job.Heavy.usage.cpu < 30'

[block.KIND]
n = 5
'job.Heavy.usage.cpu' = { min = 0, max = 60 }
'job.Light.usage.cpu' = { min = 0, max = 9, step = 3 }
"""


def same_rows(part, whole):
    """Whether `part` is the rows of `whole` with its ids."""
    places = np.isin(whole.scenario, part.scenario)
    assert whole.scenario[places].tolist() == part.scenario.tolist()
    assert whole.repeat[places].tolist() == part.repeat.tolist()
    for setting, values in part.values.items():
        assert whole.values[setting][places].tolist() == values.tolist()
    if part.drawn is not None:
        assert whole.drawn[places].tolist() == part.drawn.tolist()


@pytest.mark.parametrize("kind", ["random", "sobol"])
@given(bounds=st.lists(st.integers(0, 90), min_size=2, max_size=2, unique=True))
def test_any_slice_of_a_block_equals_the_whole(kind, bounds):
    if kind == "sobol":
        pytest.importorskip("scipy")
    sweep = sweep_of(EVERY_KIND.replace("KIND", kind))
    assert sweep.size == 90
    start, stop = sorted(bounds)
    part, whole = sweep.rows(start, stop), sweep.rows(0, 90)
    same_rows(part, whole)
    assert len(part) == ((whole.scenario >= start) & (whole.scenario < stop)).sum()


@given(cuts=st.lists(st.integers(0, 40), max_size=5))
def test_any_slice_of_drawn_jobs_equals_the_whole(cuts, tmp_path_factory):
    sweep = drawn_from(tmp_path_factory.getbasetemp(), "[[block]]\nrepeat = 40")
    whole = sweep.rows(0, 40)
    for start, stop in pairwise(sorted({0, *cuts, 40})):
        same_rows(sweep.rows(start, stop), whole)


def kept(where, *texts, **keys):
    """The ids that a filter keeps of the last of the blocks."""
    sweep = parse_sweep(blocks(*texts[:-1], f"{texts[-1]}\nwhere = '''{where}'''", **keys))
    first = sweep.size - sweep.blocks[-1].size
    return (sweep.rows(first, sweep.size).scenario - first).tolist()


AXES = "grid = { extra_executors = [1, 2, 3, 4] }"


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("extra_executors >= 3", [2, 3]),
        ("extra_executors.Batch >= 3", [2, 3]),
        ("2 <= extra_executors < 4", [1, 2]),
        ("extra_executors == 1 or not extra_executors < 4", [0, 3]),
        ("extra_executors != 2 and (extra_executors * 2 - 1) / 5 <= 1", [0, 2]),
        ("-extra_executors < -3", [3]),
        # What the block does not sweep over has the value that the file gives it.
        ("pool.Batch.capacity.cpu == 200 and extra_executors > 3", [3]),
        ("extra_executors > job.Heavy.weight", [1, 2, 3]),
        ("job.Heavy.max_executors == 30", [0, 1, 2, 3]),
        ("extra_executors / job.Heavy.executors > 1", [0, 1, 2, 3]),
        ("extra_executors * 1e200 * 1e200 > 1", [0, 1, 2, 3]),
    ],
)
def test_a_filter_keeps_what_it_says(where, ids):
    assert kept(where, AXES) == ids


def test_a_filter_sees_what_an_axis_sets_under_another_name():
    both = "grid = { 'job.*.weight' = [1, 2] }"
    assert kept("job.Light.weight == 2", both) == [1]


def test_a_filter_quotes_names_as_axes_do():
    axis = "grid = { 'job.\"a . b\".weight' = [1, 2] }"
    jobs = "[[job]]\nname = 'a . b'\n"
    assert kept('job."a . b".weight > 1', axis, jobs=jobs) == [1]


def test_a_product_of_large_numbers_does_not_wrap_around():
    axis = f"grid = {{ {HEAVY} = [4_000_000_000, 1] }}"
    assert kept("job.Heavy.usage.cpu * job.Heavy.usage.cpu > 9", axis) == [0]
    assert kept("job.Heavy.usage.cpu * 9_000_000_000 > 9_000_000_000", axis) == [0]


def test_a_scenario_that_is_dropped_or_not_there_is_refused():
    sweep = parse_sweep(blocks(f"{AXES}\nwhere = 'extra_executors > 2'"))
    assert sweep.scenario(2).extra_executors == {"Batch": 3}
    with refused("scenario 1 is dropped"):
        sweep.scenario(1)
    with refused("scenario 4 is unknown; expected an id from 0 to 3"):
        sweep.scenario(4)
