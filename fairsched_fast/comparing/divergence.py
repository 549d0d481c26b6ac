"""Where two results part, a row for each scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fairsched_fast.batch import Labels
from fairsched_fast.comparing.parting import Ints, Partings, Split, part
from fairsched_fast.comparing.same_scenarios import check_same_scenarios
from fairsched_fast.measures import fairness
from fairsched_fast.result import Result

if TYPE_CHECKING:
    import pandas as pd


def divergence(a: Result, b: Result) -> pd.DataFrame:
    """The first step at which two results of the same scenarios differ, why, and what came of it.

    Parameters
    ----------
    a, b
        Of the same scenarios and `on_full`; orders that were not kept are recomputed.

    Returns
    -------
    DataFrame
        A row for each scenario (and pool, where there are several); what is not there is missing.

        - `scenario`, `pool`, `step`: the first step, from 1, at which the two serve different
          jobs; missing where they never do;
        - `split`: why, `key`, `tie`, `tie_a`, `tie_b`, `stage` or `end`: see `Split`;
        - of either, with `_a` and `_b`: `chosen`, the job served, missing where the run had ended;
          `key` and `other_key`, what the policy measured for it and for the job that the other
          served; `runner_up` and `margin`, its key − that of the chosen;
        - `executors_moved`: how many end with another job, or are given by one of the two alone;
        - `lost_most`, `executors_lost`, `gained_most`, `executors_gained`: the jobs that end with
          fewer and with more executors under b, by how many;
        - `gap_change`, `jain_change`: the dominant-share gap and Jain's index under b − under a.

        Names are categories, `step` Int64, counts int64 in executors; the rest is float64: keys and
        margins in what the policy measures, changes in parts of 1.

    Raises
    ------
    InputError
        When the two are of different scenarios or `on_full`.
    """
    import pandas as pd

    check_same_scenarios(a, b)
    found, labels = part(a, b), a.batch.labels
    columns: dict[str, Any] = {"scenario": labels.scenario}
    if labels.several_pools:
        columns["pool"] = np.broadcast_to(labels.pool, a.batch.S)
    columns |= _partings(found, labels)
    before, after = fairness(a), fairness(b)
    for name, measure in (("gap", "dominant_share_gap"), ("jain", "jain")):
        columns[f"{name}_change"] = after[measure] - before[measure]
    return pd.DataFrame(columns)


def _partings(found: Partings, labels: Labels) -> dict[str, Any]:
    """Columns of what is known of each parting, jobs by their names."""
    import pandas as pd

    S, J = found.change.shape
    codes, names = pd.factorize(labels.jobs.ravel())
    of_row = np.broadcast_to(codes.reshape(labels.jobs.shape), (S, J))

    def jobs(index: Ints) -> pd.Categorical:
        named = np.where(index < 0, -1, of_row[np.arange(S), index])
        return pd.Categorical.from_codes(named, pd.Index(names))

    splits = pd.Index([split.name.lower() for split in Split if split])
    columns: dict[str, Any] = {
        "step": pd.arrays.IntegerArray(found.step, found.step == 0),
        "split": pd.Categorical.from_codes(found.split.astype(np.int64) - 1, splits),
    }
    for side, view in (("a", found.a), ("b", found.b)):
        columns[f"chosen_{side}"] = jobs(view.chosen)
        columns[f"key_{side}"] = view.key
        columns[f"other_key_{side}"] = view.other_key
        columns[f"runner_up_{side}"] = jobs(view.runner_up)
        columns[f"margin_{side}"] = view.margin
    columns["executors_moved"] = found.moved
    for word, sign in (("lost", -1), ("gained", 1)):
        job, amount = found.most(sign)
        columns[f"{word}_most"], columns[f"executors_{word}"] = jobs(job), amount
    return columns
