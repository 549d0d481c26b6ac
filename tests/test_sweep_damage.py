"""Sweep files with something changed at random: they are read or refused, and nothing else."""

import re

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from specs import CSV, TABLE, spec, two_pools
from strategies import how_many

import fairsched_fast as fs
from fairsched_fast.sweep.scenarios.reading import parse_sweep

# Every kind of section and axis, to be damaged.
EVERYTHING = """
grid = { 'pool.Batch.capacity.cpu' = [100, 200.5], 'job.reports.weight' = [1, 2] }
zip = { 'extra_executors.Night' = [1, 2], 'job.training.executors' = { range = [0, 4, 2] } }
where = 'pool.Batch.capacity.cpu >= 100 and not job."ad hoc".weight == 3 + 1'
repeat = 5

[[block]]
sobol = { n = 64, 'job.reports.usage.cpu' = { min = 0, max = 1.5, step = 0.5 } }

[[block]]
[block.random]
n = 100
'job.*.usage.cpu' = { min = 1, max = 4 }
'user_caps.ana' = { choice = [1, 5] }
'extra_executors.Batch' = { min = 0, max = 9, step = 3 }

[output]
jobs = false
steps = { share = 0.5 }

[[output.aggregate]]
by = ['policy', 'pool.Batch.capacity.cpu', 'user_caps.ana', 'block']
measures = ['jain', 'utilization_mem', 'steps']
name = 'caps'

[[output.aggregate]]
by = ['job.training.executors']
"""
WHOLE = [
    two_pools(EVERYTHING, user_caps="{ ana = 8 }", on_full='"stop"'),
    spec("[[block]]\ngrid = { 'jobs.weight' = [1, 2] }\nrepeat = 4", jobs=TABLE),
]
VALUE = re.compile(r"(?<== )(\{[^{}]*\}|\[[^\[\]]*\]|\"[^\"]*\"|'[^']*'|[\w.+-]+)")
VALUES = [
    *("true", "-1", "0", "1.5", "nan", "-inf", "1e300", "5e-324", "9223372036854775808"),
    *("''", "'x'", "1979-05-27", "'round_robin'", "'job.*.weight * 9 > 2'", "'skip'"),
    *("[]", "{}", "[1]", "['x']", "[[1]]", "[1e22]", "['drf']", "{ choice = [1] }"),
    *("{ range = [0, 1, 0.1] }", "{ range = [1e15, 2e15] }", "{ range = [0, 9, 1e200] }"),
    *("{ min = 0, max = 1 }", "{ min = 0, max = 1e200 }", "{ column = 'slots', factor = 2 }"),
]


@st.composite
def damaged(draw):
    """A sweep file with a letter, a line or a value changed, once or twice."""
    text = draw(st.sampled_from(WHOLE))
    for _ in range(draw(st.integers(1, 2))):
        text = draw(st.sampled_from([with_a_letter, with_a_line, *[with_a_value] * 3]))(draw, text)
    return text


def with_a_letter(draw, text):
    at, gone = draw(st.integers(0, len(text))), draw(st.integers(0, 3))
    return text[:at] + draw(st.text("={}[]\",'.# \n01-eé*()\0", max_size=2)) + text[at + gone :]


def with_a_line(draw, text):
    lines = text.split("\n")
    line = lines.pop(draw(st.integers(0, len(lines) - 1)))
    again = draw(st.lists(st.integers(0, len(lines)), max_size=2))
    for place in again:
        lines.insert(place, line)
    return "\n".join(lines)


def with_a_value(draw, text):
    found = list(VALUE.finditer(text))
    if not found:
        return text
    place = draw(st.sampled_from(found))
    return text[: place.start()] + draw(st.sampled_from(VALUES)) + text[place.end() :]


@settings(max_examples=how_many(25), suppress_health_check=[HealthCheck.too_slow])
@given(text=damaged())
@example(text=WHOLE[0])
@example(text=WHOLE[1])
def test_a_damaged_file_is_read_or_refused(text, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    (folder / "pods.csv").write_text(CSV, encoding="utf-8")
    try:
        sweep = parse_sweep(text, "spec", folder)
        sweep.batches(sweep.all_rows(0, min(sweep.blocks[0].size, 50)))
    except fs.InputError as error:
        assert str(error)
