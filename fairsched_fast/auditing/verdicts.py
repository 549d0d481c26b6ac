"""What is found of each scenario as it ended. What it means is told in `words`.

Numbers are float64 (S,), NaN where the definition does not apply; jobs are indices (S,), -1 for
none. Nothing depends on a scenario's neighbours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast import metrics
from fairsched_fast.auditing.holdings import Bools, Floats, Holdings

Findings = dict[str, NDArray[Any]]

_PLACES = 9  # of an executor: beyond, who is furthest would be a matter of rounding


def most(values: Floats, counted: Bools) -> tuple[Floats, NDArray[np.int64]]:
    """The largest of the values (J, S) that count, and whose it is, the first's of several."""
    kept = np.where(counted, values, -np.inf)
    none = ~counted.any(axis=0)
    return np.where(none, np.nan, kept.max(axis=0)), np.where(none, -1, kept.argmax(axis=0))


def measure(held: Holdings, noise: float) -> Findings:
    """Everything but probes and the distance to the fluid optimum.

    `noise` is what rounding may make of nothing, in executors.
    """
    return {**_envy(held, noise), **_sharing(held, noise), **_waste(held), **_evenness(held)}


def _envy(held: Holdings, noise: float) -> Findings:
    """Job by job of those envied: (J, S) at a time."""
    J, S = held.granted.shape
    judges, ceiling = held.judged & (held.weight > 0), held.own + held.wanted
    found = np.full((2, S), np.nan)
    envious, envied = np.full((2, S), -1)
    for j in range(J):
        counted = judges & (held.weight[j] > 0)
        counted[j] = False
        scale = held.weight / np.where(held.weight[j] > 0, held.weight[j], 1.0)
        taken = np.minimum(held.granted[j], 1) * held.demand[j]
        for place, bundle in enumerate((held.bundle[j], held.bundle[j] - taken)):
            theirs = np.minimum(held.runs(bundle[np.newaxis]) * scale, ceiling)
            more, who = most(_beyond(theirs, held.own, noise), counted)
            worse = ~(more <= found[place]) & (who >= 0)
            found[place, worse] = more[worse]
            if place == 0:
                some = worse & (more > 0)
                envious[some], envied[some] = who[some], j
    return {"envy": found[0], "envious": envious, "envied": envied, "envy_but_one": found[1]}


def _beyond(theirs: Floats, own: Floats, noise: float) -> Floats:
    """How far one number of executors is beyond another; 0 where it is not, or by rounding."""
    more = theirs - own
    return np.where(more > noise * np.maximum(own, 1), more, 0.0)


def _sharing(held: Holdings, noise: float) -> Findings:
    """What each holds beside what its own part of the pool would run."""
    split = held.split
    # What is given only grows: while somebody could go on but for the budget, nothing is decided.
    decided = ~held.overfull & ~(held.spent & held.fits.any(axis=0))
    counted = held.judged & (held.weight > 0) & (split > 0) & decided
    ratio = held.own / np.where(counted, split, 1.0)
    worst, short = most(-ratio, counted)
    lack, _ = most(_beyond(split, held.own, noise), counted)
    short = np.where(-worst < 1 - noise, short, -1)
    return {"sharing_incentive": -worst, "short": short, "shortfall": lack}


def _waste(held: Holdings) -> Findings:
    """What could still be used, and what cannot."""
    fitting = np.where(held.overfull, np.nan, held.fits.sum(axis=0, dtype=np.float64))
    stranded = np.full(held.free.shape, np.nan)
    for r, capacity in enumerate(np.broadcast_to(held.batch.capacity, held.free.shape)):
        needs = held.demand[:, r] > 0
        share = metrics.share(np.maximum(held.free[r], 0), capacity)
        wanted, used = (held.wants & needs).any(axis=0), (held.fits & needs).any(axis=0)
        known = (capacity > 0) & ~held.overfull & ~used
        stranded[r] = np.where(known, np.where(wanted, share, 0.0), np.nan)
    return {"still_fit": fitting, "stranded": stranded}


def _evenness(held: Holdings) -> Findings:
    """Of dominant shares over weights."""
    shares, present = metrics.entitled(held.batch, metrics.dominant_share(held.batch, held.granted))
    return {
        "jain": metrics.jain(shares, present),
        "weighted_share_gap": metrics.gap(shares, present),
    }


def fluid_distance(held: Holdings, fluid: Floats | None, noise: float) -> Findings:
    """How far the run ended from the policy's fluid allocation (J, S); None where it has none."""
    S = held.batch.S
    if fluid is None:
        return {"fluid_distance": np.full(S, np.nan), "furthest": np.full(S, -1)}
    apart: Floats = np.abs(held.granted - fluid)
    apart = apart.round(_PLACES)
    distance, who = most(apart, held.real & ~held.overfull)
    return {"fluid_distance": distance, "furthest": np.where(distance > noise, who, -1)}
