"""What is kept of a sweep while it runs: counts, sums and histograms of fixed size, whatever S.

Digests of chunks are added in chunk order, so sums come out the same however the work was spread or
interrupted: a chunk's digest is kept with what else is known of it, in the folder's journal.
"""

from __future__ import annotations

import math
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairsched_fast import metrics
from fairsched_fast.measures import Figures
from fairsched_fast.moments import Moments
from fairsched_fast.result import Result, StopReason
from fairsched_fast.sweep.folder.aggregates import count_rows, no_rows
from fairsched_fast.sweep.scenarios.paths import Setting
from fairsched_fast.sweep.scenarios.sampling import Rows, Sweep

LAYOUT = 2
"""Of what `Digest.pack` writes: any change of its arrays, their shapes or meaning raises it."""

EDGES = np.linspace(0.0, 1.0, 10_001)
GAP_AND_JAIN = ("dominant_share_gap", "jain")  # what a sweep ends by telling of
CHARTED = (*GAP_AND_JAIN, "utilization")  # measures whose distributions are kept
TRADEOFF, HEATMAP = "fairness_utilization", "heatmap"
PICTURES = (*CHARTED, TRADEOFF, HEATMAP)  # names of all charts of a sweep
_POOLS = 6  # pools that are kept apart; more are counted as one
_WIDEST_HEATMAP = 60
_COUNTS = ("scenarios", "pools", "overfull", "differing")
_ARRAYS = ("executors", "stops", "sums", "histogram", "heat_sum", "heat_count")


@dataclass(slots=True)
class Digest:
    """Axes: P policies, G groups of pools (each by itself, or all as one where they are many),
    M charted measures, B bins of `EDGES`, Y × X cells of the heat map.
    """

    scenarios: int  # after `where`
    pools: int  # scenario × pool
    overfull: int  # of these, pools that hold more than their capacity from the start
    differing: int  # of these, pools in which not all policies give the same
    executors: NDArray[np.int64]  # (P,) given
    stops: NDArray[np.int64]  # (P, 4)
    sums: NDArray[np.float64]  # (P, G, M)
    histogram: NDArray[np.int64]  # (P, G, M, B)
    heat_sum: NDArray[np.float64]  # (P, G, Y, X) of the gap
    heat_count: NDArray[np.int64]  # (Y, X) of each group
    moments: tuple[Moments, ...]  # one for each aggregate

    def add(self, other: Digest) -> None:
        """Count what comes next in."""
        for name in (*_COUNTS, *_ARRAYS):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        pairs = zip(self.moments, other.moments, strict=True)
        self.moments = tuple(mine + theirs for mine, theirs in pairs)

    def pack(self) -> str:
        """As text for a journal; mostly zeros, so it is short."""
        raw = b"".join(array.tobytes() for array in self._arrays())
        return b64encode(zlib.compress(raw, 1)).decode()

    def fits(self, text: str) -> bool:
        """Whether `unpack` can read a text: it is whole, and as long as this one's would be."""
        try:
            size = len(zlib.decompress(b64decode(text)))
        except (ValueError, zlib.error):
            return False
        return size == sum(array.nbytes for array in self._arrays())

    def unpack(self, text: str) -> Digest:
        """What another one's `pack` gave; this one is empty and of the same sweep."""
        raw, at = zlib.decompress(b64decode(text)), 0

        def take(like: NDArray[Any]) -> NDArray[Any]:
            nonlocal at
            taken = np.frombuffer(raw, like.dtype, like.size, at).reshape(like.shape)
            at += taken.nbytes
            return taken

        counts = take(self._counts()).tolist()
        found: dict[str, Any] = dict(zip(_COUNTS, counts, strict=True))
        found |= {name: take(getattr(self, name)) for name in _ARRAYS}
        found["moments"] = tuple(Moments(*map(take, empty.arrays())) for empty in self.moments)
        return Digest(**found)

    def _counts(self) -> NDArray[np.int64]:
        return np.array([getattr(self, name) for name in _COUNTS], np.int64)

    def _arrays(self) -> Iterator[NDArray[Any]]:
        yield self._counts()
        yield from (getattr(self, name) for name in _ARRAYS)
        for moments in self.moments:
            yield from moments.arrays()

    @property
    def groups(self) -> int:
        """G."""
        return int(self.sums.shape[1])

    @property
    def runs(self) -> int:
        """Scenario × pool of each group."""
        return self.pools // self.groups

    def means(self) -> NDArray[np.float64]:
        """(P, M) mean of each charted measure, of the runs that have it."""
        return _mean(self.sums.sum(axis=1), self.histogram.sum(axis=1))

    def quantile(self, fraction: float) -> NDArray[np.float64]:
        """(P, M) of each charted measure, to the width of a bin."""
        return _quantile(self.histogram.sum(axis=1), fraction)

    def spread(self, measure: str) -> NDArray[np.float64]:
        """(P, G, 3) lower quartile, mean and upper quartile of a charted measure."""
        m = CHARTED.index(measure)
        histogram = self.histogram[:, :, m]
        low, high = (_quantile(histogram, fraction) for fraction in (0.25, 0.75))
        return np.stack([low, _mean(self.sums[:, :, m], histogram), high], axis=-1)


def _mean(sums: NDArray[np.float64], histogram: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of as many as the histograms (…, B) count; NaN of none."""
    count = histogram.sum(axis=-1)
    return sums / np.where(count == 0, np.nan, count)


def _quantile(histogram: NDArray[np.int64], fraction: float) -> NDArray[np.float64]:
    """The first edge with this part at or below it, along the last axis; NaN of none."""
    below = histogram.cumsum(axis=-1)
    count = below[..., -1]
    reached = below >= fraction * count[..., np.newaxis]
    return np.where(count == 0, np.nan, EDGES[1:][reached.argmax(axis=-1)])


def heat_axes(sweep: Sweep) -> tuple[int, Setting, Setting] | None:
    """(block, y, x): the first two grid axes of a block that make a readable map."""
    for number, block in enumerate(sweep.blocks):
        fit = [s for s, axis in block.grid.items() if 2 <= len(axis) <= _WIDEST_HEATMAP]
        if len(fit) >= 2:
            return number, fit[0], fit[1]
    return None


def empty_digest(sweep: Sweep) -> Digest:
    """Nothing counted yet."""
    P, M, B = len(sweep.policies), len(CHARTED), len(EDGES) - 1
    pools = len(sweep.settings.pools)
    G = pools if pools <= _POOLS else 1
    axes = heat_axes(sweep)
    shape = (0, 0) if axes is None else tuple(len(sweep.blocks[axes[0]].grid[s]) for s in axes[1:])
    return Digest(
        scenarios=0,
        pools=0,
        overfull=0,
        differing=0,
        executors=np.zeros(P, np.int64),
        stops=np.zeros((P, len(StopReason)), np.int64),
        sums=np.zeros((P, G, M)),
        histogram=np.zeros((P, G, M, B), np.int64),
        heat_sum=np.zeros((P, G, *shape)),
        heat_count=np.zeros(shape, np.int64),
        moments=tuple(map(no_rows, sweep.output.aggregates)),
    )


def digest_chunk(
    sweep: Sweep,
    rows: Rows,
    inside: NDArray[np.int64],
    results: Sequence[Sequence[Result]],
    measures: Sequence[Sequence[Figures]],
    summary: pa.Table | None,
) -> Digest:
    """Of some rows; `inside` (n,) are their places in their block. Indexed [policy][pool].

    `measures` are `all_figures`. `summary` has the rows that aggregates are of, and may be left out
    where there are none.
    """
    digest = empty_digest(sweep)
    digest.scenarios = len(rows)
    digest.pools = len(rows) * len(results[0])
    for pool, result in enumerate(results[0]):
        overfull = result.batch.overfull
        digest.overfull += overfull.rows if overfull else 0
        same = np.ones(len(rows), np.bool_)
        for other in results[1:]:
            same &= (other[pool].granted == result.granted).all(axis=1)
        digest.differing += int((~same).sum())
    for p, of_policy in enumerate(results):
        for q, result in enumerate(of_policy):
            digest.executors[p] += int(result.steps.sum(dtype=np.int64))
            digest.stops[p] += np.bincount(result.stop, minlength=len(StopReason))
            figures = measures[p][q]
            used = [figures[column.utilization] for column in sweep.resources]
            charted = figures | {"utilization": metrics.mean_utilization(used)}
            g = q if digest.groups > 1 else 0
            for m, name in enumerate(CHARTED):
                known = charted[name][~np.isnan(charted[name])]
                digest.sums[p, g, m] += known.sum()
                digest.histogram[p, g, m] += histogram_of(known)
    _count_heat(digest, sweep, rows, inside, measures)
    digest.moments = tuple(count_rows(of, summary) for of in sweep.output.aggregates)
    return digest


def histogram_of(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Counts in the bins of `EDGES`, closed above; what lies beyond them is in the last."""
    bins = len(EDGES) - 1
    # A difference of shares such as 0.32 - 0.31 is a hair above its edge: it belongs below.
    place = np.clip(np.ceil(values * bins - 1e-9).astype(np.int64) - 1, 0, bins - 1)
    counts: NDArray[Any] = np.bincount(place, minlength=bins)
    return counts


def _place_on(shape: tuple[int, ...], axis: int, inside: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where scenarios of a block lie on one of its axes, the last of which is fastest."""
    return inside // math.prod(shape[axis + 1 :]) % shape[axis]


def _count_heat(
    digest: Digest,
    sweep: Sweep,
    rows: Rows,
    inside: NDArray[np.int64],
    measures: Sequence[Sequence[Figures]],
) -> None:
    axes = heat_axes(sweep)
    if axes is None or rows.block != axes[0]:
        return
    block = sweep.blocks[axes[0]]
    order = list(block.grid)
    rows_of, columns_of = (_place_on(block.shape, order.index(axis), inside) for axis in axes[1:])
    cell = rows_of * digest.heat_count.shape[1] + columns_of
    cells, G = digest.heat_count.size, digest.groups
    for p, of_policy in enumerate(measures):
        for q, found in enumerate(of_policy):
            sums = np.bincount(cell, weights=found["dominant_share_gap"], minlength=cells)
            digest.heat_sum[p, q if G > 1 else 0] += sums.reshape(digest.heat_count.shape)
    counts = np.bincount(cell, minlength=cells) * (len(measures[0]) // G)
    digest.heat_count += counts.reshape(digest.heat_count.shape)
