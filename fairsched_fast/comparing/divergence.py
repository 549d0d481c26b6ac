"""Where two runs of the same scenarios part: the first step, why, and what it cost whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast import engine
from fairsched_fast.batch import Batch
from fairsched_fast.errors import InputError
from fairsched_fast.measures import fairness
from fairsched_fast.result import Result
from fairsched_fast.why.codes import WhyNot
from fairsched_fast.why.decisions import decide

if TYPE_CHECKING:
    import pandas as pd

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_AT_ONCE = 1 << 22  # steps or quantities of as many scenarios are looked at at once
_QUANTITIES = (
    "capacity",
    "demand",
    "usage",
    "true_weight",
    "guarantee",
    "limit",
    "executors",
    "wanted",
    "min_executors",
    "extra_executors",
    "priority",
    "submitted",
    "user",
    "user_cap",
)


class Split(IntEnum):
    """Why two policies serve different jobs from the same state: what is first true of these."""

    NEVER = 0
    """They never do: the same jobs are served in the same order."""
    END = 1
    """One gives nothing more: the pool has no room for the job it chose, or no claim is left."""
    STAGE = 2
    """To one of them the two jobs are of different stages (a tier, a guarantee, a priority), so
    that their keys are not compared."""
    TIE = 3
    """To one of them the two jobs have the same key: how it breaks ties decided."""
    KEY = 4
    """Each measures its own choice lower: the two keys order the jobs otherwise."""


@dataclass(frozen=True, slots=True)
class View:
    """What one policy makes of the state in which two part. (S,); −1 and NaN where there is none.

    Attributes
    ----------
    chosen, runner_up : int64
        Jobs.
    key, other_key : float64
        What the policy measures for the job it chooses, and for the one that the other chooses; NaN
        where that one has no claim in the same stage.
    margin : float64
        The runner-up's key − the chosen one's; see `Decisions`.
    """

    chosen: Ints
    runner_up: Ints
    key: Floats
    other_key: Floats
    margin: Floats


@dataclass(frozen=True, slots=True)
class Partings:
    """Where two results part, S scenarios. What they come to at the end is in `change`.

    Attributes
    ----------
    step : int64 (S,)
        The first step, from 1, at which they differ; 0 where they never do.
    split : int8 (S,)
        Why, a `Split`.
    a, b : View
        What either policy makes of that step.
    change : int32 (S, J)
        Executors that each job has more under b than under a.
    """

    step: Ints
    split: NDArray[np.int8]
    a: View
    b: View
    change: NDArray[np.int32]

    @property
    def moved(self) -> Ints:
        """(S,): executors that end with another job, or that only one of the two gives at all."""
        gained, lost = np.maximum(self.change, 0), np.maximum(-self.change, 0)
        moved: Ints = np.maximum(gained.sum(axis=1), lost.sum(axis=1)).astype(np.int64)
        return moved

    def most(self, sign: int) -> tuple[Ints, Ints]:
        """Who gains (sign 1) or loses (−1) most, the first of equals, and how much; −1 and 0 where
        nobody does. (S,) each.
        """
        signed = sign * self.change
        job = signed.argmax(axis=1)
        amount = signed[np.arange(len(job)), job].astype(np.int64)
        return np.where(amount > 0, job, -1), np.maximum(amount, 0)


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
        - `split`: why, `key`, `tie`, `stage` or `end`: see `Split`;
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
    S = a.batch.S
    codes, names = pd.factorize(labels.jobs.ravel())
    of_row = np.broadcast_to(codes.reshape(labels.jobs.shape), (S, a.batch.J))

    def jobs(index: Ints) -> pd.Categorical:
        named = np.where(index < 0, -1, of_row[np.arange(S), index])
        return pd.Categorical.from_codes(named, pd.Index(names))

    parted = found.step > 0
    splits = pd.Index([split.name.lower() for split in Split if split])
    columns: dict[str, Any] = {"scenario": labels.scenario}
    if len(set(labels.pool.tolist())) > 1:
        columns["pool"] = np.broadcast_to(labels.pool, S)
    columns["step"] = pd.arrays.IntegerArray(found.step, ~parted)
    columns["split"] = pd.Categorical.from_codes(found.split.astype(np.int64) - 1, splits)
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
    before, after = fairness(a), fairness(b)
    for name, measure in (("gap", "dominant_share_gap"), ("jain", "jain")):
        columns[f"{name}_change"] = after[measure] - before[measure]
    return pd.DataFrame(columns)


def part(a: Result, b: Result) -> Partings:
    """Where two results of the same scenarios part; see `divergence`, which checks them."""
    S = a.batch.S
    steps = np.maximum(a.steps, b.steps)
    found = _nowhere(S, b.granted - a.granted)
    size = max(int(steps.max()), a.batch.J * a.batch.R, 1)
    for first in range(0, S, max(1, _AT_ONCE // size)):
        rows = slice(first, min(first + max(1, _AT_ONCE // size), S))
        orders = [_order(result, rows, int(steps[rows].max())) for result in (a, b)]
        differing = orders[0] != orders[1]
        where = np.flatnonzero(differing.any(axis=0))
        if len(where):
            step = differing.argmax(axis=0)[where]
            counts = _counts_before(orders[0][:, where], step, a.batch.J)
            _look(
                found, a, b, where + first, step, counts, [order[step, where] for order in orders]
            )
    return found


def check_same_scenarios(a: Result, b: Result) -> None:
    """Two results can be put side by side.

    Raises
    ------
    InputError
        When one is no Result, or they are of different scenarios or `on_full`.
    """
    for result in (a, b):
        if not isinstance(result, Result):
            raise InputError(f"divergence of a {type(result).__name__}; expected two Results")
    if a.on_full != b.on_full:
        raise InputError(
            f'a was run with on_full="{a.on_full}" and b with "{b.on_full}"; expected the same'
        )
    if a.batch is not b.batch:
        wrong = next(_differences(a.batch, b.batch), None)
        if wrong is not None:
            raise InputError(f"a and b {wrong}; expected two results of the same scenarios")


def _differences(a: Batch, b: Batch) -> Iterator[str]:
    """What two batches do not share, in words."""
    if a.S != b.S:
        yield f"have {a.size} and {b.size}"
        return
    jobs = [set(batch.labels.jobs.ravel().tolist()) - {""} for batch in (a, b)]
    if jobs[0] != jobs[1]:
        yield f"differ in the jobs {sorted(jobs[0] ^ jobs[1])[:5]}"
    for name in ("scenario", "pool", "jobs", "resources"):
        first, second = (np.asarray(getattr(batch.labels, name)) for batch in (a, b))
        if not _equal(first, second):
            yield f"differ in the order or names of their {name.rstrip('s')}s"
            return
    for name in _QUANTITIES:
        if not _equal(getattr(a, name), getattr(b, name)):
            stated = {"wanted": "max_executors", "true_weight": "weight"}.get(name, name)
            yield f"differ in {stated}"


def _equal(first: NDArray[Any] | None, second: NDArray[Any] | None) -> bool:
    """Whether arrays are the same once axes of length 1 are spread."""
    if first is None or second is None:
        return first is second
    try:
        return bool((first == second).all())
    except ValueError:  # shapes that do not go together
        return False


def _nowhere(S: int, change: NDArray[np.int32]) -> Partings:
    """Nothing differs; to be filled in."""

    def nothing() -> View:
        nobody, nan = np.full(S, -1), np.full(S, np.nan)
        return View(nobody, nobody.copy(), nan, nan.copy(), nan.copy())

    return Partings(np.zeros(S, np.int64), np.zeros(S, np.int8), nothing(), nothing(), change)


def _order(result: Result, rows: slice, steps: int) -> NDArray[Any]:
    """Who is served at each step of some rows, (steps, n), −1 once a run has ended."""
    if result.choices is None:
        batch = result.batch
        some = batch if rows == slice(0, batch.S) else batch.rows(rows.start, rows.stop)
        again = engine.run(some, result.policy, result.on_full, workers=1, order=max(steps, 1))
        assert again.choices is not None
        return again.choices.T[:steps]
    kept = result.choices[rows].T[:steps]
    return np.pad(kept, ((0, steps - len(kept)), (0, 0)), constant_values=-1)


def _counts_before(order: NDArray[Any], step: Ints, J: int) -> Ints:
    """(J, n): what each job was granted before step `step` (n,), counted from 0."""
    n = order.shape[1]
    at, row = np.nonzero(np.arange(len(order))[:, np.newaxis] < step)
    place = order[at, row].astype(np.int64) * n + row
    counts: Ints = np.bincount(place, minlength=J * n).reshape(J, n)
    return counts


def _look(
    found: Partings, a: Result, b: Result, where: Ints, step: Ints, counts: Ints, chosen: list[Ints]
) -> None:
    """Write down what either policy makes of the states in which the rows `where` (n,) part."""
    batch = a.batch if len(where) == a.batch.S else a.batch.picked(where)
    points = np.arange(len(where))
    mine, other = chosen
    found.step[where] = step + 1
    lost = []
    for result, view, own, theirs in ((a, found.a, mine, other), (b, found.b, other, mine)):
        decided = decide(batch, result.policy, counts, result.on_full)
        key = decided.key
        view.chosen[where], view.runner_up[where] = own, decided.runner_up
        view.key[where] = np.where(own < 0, np.nan, key[own, points])
        view.other_key[where] = np.where(theirs < 0, np.nan, key[theirs, points])
        view.margin[where] = decided.margin
        lost.append(decided.why_not[theirs, points])
    found.split[where] = _split(np.stack(lost), (mine < 0) | (other < 0))


def _split(lost: NDArray[np.int8], ended: NDArray[np.bool_]) -> NDArray[np.int8]:
    """(n,): why, from how either policy passed over the other's choice, (2, n)."""
    tie, key = (lost == WhyNot.TIE_LOST).any(axis=0), (lost == WhyNot.HIGHER_KEY).all(axis=0)
    compared = ((lost == WhyNot.TIE_LOST) | (lost == WhyNot.HIGHER_KEY)).all(axis=0)
    return np.select(
        [ended, ~compared, tie, key], [Split.END, Split.STAGE, Split.TIE, Split.KEY]
    ).astype(np.int8)
