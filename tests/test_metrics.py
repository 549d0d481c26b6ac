"""Fairness measures, on figures that a person can check."""

import numpy as np
import pytest

import fairsched_fast as fs
from fairsched_fast import metrics
from fairsched_fast.measures import fairness


def column(*values):
    """A single scenario's values, job axis first."""
    return np.array(values, np.float64)[:, np.newaxis]


def test_jains_index_is_1_for_equal_values_and_one_nth_for_a_single_holder():
    assert metrics.jain(column(0.25, 0.25, 0.25))[0] == 1
    assert metrics.jain(column(0.5, 0, 0, 0))[0] == 0.25
    assert metrics.jain(column(1, 2))[0] == 0.9


def test_jains_index_of_all_zero_shares_is_1():
    assert metrics.jain(column(0, 0))[0] == 1


def test_padding_reaches_no_measure():
    values, present = column(0.25, 0.5, 0), np.array([[True], [True], [False]])
    assert metrics.lowest(values, present)[0] == 0.25
    assert metrics.highest(values, present)[0] == 0.5
    assert metrics.jain(values, present) == metrics.jain(values[:2])


def test_a_row_of_padding_alone_has_no_measures():
    values, present = column(0, 0), np.zeros((2, 1), np.bool_)
    for measure in (metrics.lowest, metrics.highest, metrics.gap, metrics.jain):
        assert np.isnan(measure(values, present)).all()


@pytest.mark.parametrize("usage", [[[0], [0]], [[4], [0]]])
def test_where_nobody_is_entitled_to_anything_jains_index_is_of_nobody(usage):
    batch = fs.Batch(capacity=[10], demand=[[1]], usage=usage, weight=0, extra_executors=0)
    result = fs.allocate(batch)
    for figures in (fairness(result), fs.audit(result, probes=False)):
        assert np.isnan(figures["jain"][0])
    compared = fs.compare(batch, ["drf", "slots"]).set_index("measure")
    assert "jain" not in compared.index or compared.loc["jain", "pairs"] == 0


def test_shares_and_utilization_count_what_was_held_and_what_was_granted():
    batch = fs.Batch(
        capacity=[[10, 0], [20, 40]],
        demand=[[1, 0], [2, 0]],
        usage=[[3, 0], [0, 0]],
        extra_executors=3,
    )
    granted = np.array([[1, 0], [2, 1]])
    assert metrics.dominant_share(batch, granted).tolist() == [[0.4, 0.15], [0.4, 0.1]]
    assert metrics.utilization(batch, granted).tolist() == [[0.8, 0.25], [0, 0]]
    assert metrics.mean_utilization(batch, granted).tolist() == [0.8, 0.125]


def test_a_measure_does_not_depend_on_how_many_scenarios_stand_beside_it():
    rng = np.random.default_rng(3)
    values = rng.random((40, 100))
    together = metrics.jain(values)
    assert [metrics.jain(values[:, [s]])[0] for s in range(100)] == together.tolist()
