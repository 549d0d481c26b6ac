"""Each chart looks as it did when it was looked at, from afar: fonts may differ a little."""

import numpy as np
import pytest
from chart_examples import EXAMPLES, POLICIES, SCENARIO, blocks, orders, run, seen, values

from fairsched_fast import charts

# Of 255, in any block: other hinting and a letter 2% larger make 22, and a wrong last step 138.
_UNLIKE = 45


def unlikeness(chart, name):
    """The most by which a block's colour differs from what was seen."""
    now, was = blocks(chart), seen(name)
    assert now.shape == was.shape
    return np.abs(now - was).max()


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_chart_looks_as_it_did(name):
    """If it is meant to look otherwise, look at it: `python tests/chart_examples.py`."""
    assert unlikeness(EXAMPLES[name](), name) < _UNLIKE


def other_lines():
    return charts.timeline(run("round_robin").timeline(), title="AFTER: drf")


def other_story():
    return charts.story(run("drf"), run("round_robin"))


def other_step():
    steps = orders(SCENARIO)
    steps["drf"][-1] = steps["drf"][0]
    return charts.strip(steps, title="Who was given each executor")


def other_values():
    shifted = {name: row + 0.05 * (name == "drf") for name, row in values(POLICIES).items()}
    return charts.ecdf(shifted, measure="Gap", title="Gap, 500 scenarios")


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("lines", other_lines),
        ("story", other_story),
        ("strip", other_step),
        ("ecdf", other_values),
    ],
)
def test_a_chart_of_something_else_is_told(name, draw):
    assert unlikeness(draw(), name) > _UNLIKE
