"""What the settings do: which of them matter, and a map over the two that matter most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairsched_fast.report.facts import Facts
from fairsched_fast.report.streaming import Floats, slabs


@dataclass(frozen=True, slots=True)
class Map:
    """The lead measure over two settings: means (P, Y, X), NaN where there is none."""

    y: str
    x: str
    y_labels: list[str]
    x_labels: list[str]
    means: Floats


def telling(facts: Facts) -> list[tuple[str, Floats]]:
    """Settings by how much they matter, most first: path, and the lead measure by level (V,).

    Of several policies it is the fairest's advantage over the one beside it.
    """
    return sorted(
        (
            (path, effect)
            for path, levels in facts.levels.items()
            if np.isfinite(effect := effect_of(facts, levels.means().T)).sum() > 1
        ),
        key=lambda told: -float(np.ptp(told[1][np.isfinite(told[1])])),
    )


def effect_of(facts: Facts, means: Floats) -> Floats:
    """Of the lead measure's means (P, …): the fairest's advantage, or of a policy alone itself."""
    if len(facts.policies) == 1:
        alone: Floats = means[0]
        return alone
    gain: Floats = facts.lead.better * (means[facts.best] - means[facts.beside])
    return gain


def map_of(facts: Facts) -> Map | None:
    """The lead measure over the two settings that matter most, in a second reading."""
    if facts.layout is None:
        return None
    linked = [set(block.get("zip", ())) for block in facts.results.spec.get("block", ())]
    paths = [path for path, _ in telling(facts)]
    others = (p for p in paths[1:] if not any({p, paths[0]} <= zipped for zipped in linked))
    x = next(others, None)
    if x is None:
        return None
    y, lead, P = paths[0], facts.lead.name, len(facts.policies)
    rows, columns = facts.levels[y], facts.levels[x]
    shape = len(rows), len(columns)
    sums, counts = np.zeros((P, shape[0] * shape[1])), np.zeros((P, shape[0] * shape[1]))
    for slab in slabs(facts.layout, [lead], [y, x], {}):
        cell = rows.places(slab.settings[y]) * shape[1] + columns.places(slab.settings[x])
        for p, of_pools in enumerate(slab.figures[lead]):
            for values in of_pools:
                real = ~np.isnan(values)
                weights = values[real]
                sums[p] += np.bincount(cell[real], weights=weights, minlength=sums.shape[1])
                counts[p] += np.bincount(cell[real], minlength=sums.shape[1])
    means = (sums / np.where(counts == 0, np.nan, counts)).reshape(P, *shape)
    return _without_empty(Map(y, x, rows.labels(), columns.labels(), means))


def _without_empty(found: Map) -> Map | None:
    """Less rows and columns that nothing is in; None where no map is left."""
    there = ~np.isnan(found.means).all(axis=0)
    y, x = np.flatnonzero(np.any(there, axis=1)), np.flatnonzero(np.any(there, axis=0))
    if min(len(y), len(x)) < 2:
        return None
    means = found.means[:, y][:, :, x]
    y_labels, x_labels = [found.y_labels[i] for i in y], [found.x_labels[i] for i in x]
    return Map(found.y, found.x, y_labels, x_labels, means)
