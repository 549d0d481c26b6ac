"""Where two runs of the same scenarios part: the first step, why, and what it cost whom."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast import engine
from fairsched_fast.result import Result
from fairsched_fast.why.codes import WhyNot
from fairsched_fast.why.decisions import decide

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_AT_ONCE = 1 << 22  # steps or quantities of as many scenarios are looked at at once


class Split(IntEnum):
    """Why two policies serve different jobs from the same state: what is first true of these."""

    NEVER = 0
    """They never do: the same jobs are served in the same order."""
    END = 1
    """One gives nothing more: the pool has no room for the job it chose, or no job has a claim."""
    STAGE = 2
    """To one of them the two jobs are of different stages (a tier, a guarantee, a priority), or the
    other's choice is to get no more (its claims are at an end): their keys are not compared."""
    TIE = 3
    """To both of them the two jobs have the same key: only how they break ties differs."""
    TIE_A = 4
    """To the first of them alone: how it breaks ties decided, and the other's own choice has the
    lower key."""
    TIE_B = 5
    """To the second of them alone."""
    KEY = 6
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
    tie_a, tie_b = tied = lost == WhyNot.TIE_LOST
    compared = (tied | (lost == WhyNot.HIGHER_KEY)).all(axis=0)
    return np.select(
        [ended, ~compared, tie_a & tie_b, tie_a, tie_b],
        [Split.END, Split.STAGE, Split.TIE, Split.TIE_A, Split.TIE_B],
        Split.KEY,
    ).astype(np.int8)
