"""A `Sweep`: the rows of a sweep file, row i computed from i alone.

Blocks are concatenated. Within a block the axes multiply, the first varying slowest: the axes of
`grid` in the file's order, the linked axes of `zip` as one, the draws of `random` or `sobol`, and
`repeat`. The product is never materialised, so any part of it can be run anywhere, and any scenario
explained later.

Streams of random numbers are a contract: axis a of block b draws from Philox, keyed by
SeedSequence(seed, spawn_key=(b, a)); row i of the block takes the i-th double of it (the i-th group
of `sample` doubles where jobs are drawn), a double being the upper 53 bits of a 64-bit word. Which
scenarios have their steps kept is drawn the same way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch import Batch
from fairsched_fast.columns import ResourceColumns, resource_columns
from fairsched_fast.errors import InputError
from fairsched_fast.model import Scenario
from fairsched_fast.policies.base import Policy
from fairsched_fast.sweep.scenarios.axes import Axis, Draw, extremes
from fairsched_fast.sweep.scenarios.jobs_table import JobsTable
from fairsched_fast.sweep.scenarios.output import Output
from fairsched_fast.sweep.scenarios.paths import Setting, find_setting
from fairsched_fast.sweep.scenarios.settings import Settings
from fairsched_fast.sweep.scenarios.where import Filter

Index = NDArray[np.int64]

SOBOL_POINTS = 2**30
"""How many points of a Sobol sequence there are."""

_WORDS_PER_COUNTER = 4  # Philox4x64
_JOBS_STREAM, _SHARE_STREAM = 0xB0B, 0x57E9  # beside those of axes


@dataclass(frozen=True, slots=True)
class Block:
    """One block's axes. `number` is its place in the file, which keys its random streams."""

    number: int
    grid: Mapping[Setting, Axis] = field(default_factory=dict)
    linked: Mapping[Setting, Axis] = field(default_factory=dict)
    random: Mapping[Setting, Draw] = field(default_factory=dict)
    sobol: Mapping[Setting, Draw] = field(default_factory=dict)
    draws: int = 1
    repeat: int = 1
    where: Filter | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis, slowest first."""
        linked = len(next(iter(self.linked.values()))) if self.linked else 1
        return (*(len(axis) for axis in self.grid.values()), linked, self.draws, self.repeat)

    @property
    def size(self) -> int:
        """How many scenarios, before `where`."""
        return math.prod(self.shape)

    @property
    def settings(self) -> tuple[Setting, ...]:
        """What it sweeps over, in the file's order."""
        return (*self.grid, *self.linked, *self.random, *self.sobol)

    def columns(self, rows: Index, seed: int) -> tuple[dict[Setting, NDArray[Any]], Index]:
        """The value of each setting at these rows of the block, and each row's repeat."""
        *places, linked, draw, repeat = np.unravel_index(rows, self.shape)
        values = {s: a.at(i) for (s, a), i in zip(self.grid.items(), places, strict=True)}
        values |= {setting: axis.at(linked) for setting, axis in self.linked.items()}
        for a, (setting, drawn) in enumerate(self.random.items()):
            values[setting] = drawn.draw(uniform(seed, (self.number, a), rows))
        if self.sobol:
            points = sobol_points(seed, self.number, len(self.sobol), draw * self.repeat + repeat)
            for (setting, drawn), column in zip(self.sobol.items(), points.T, strict=True):
                values[setting] = drawn.draw(column)
        return values, repeat


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a sweep, after `where`."""

    scenario: Index  # (n,) ids
    block: int
    repeat: Index  # (n,)
    values: dict[Setting, NDArray[Any]]  # (n,) for each setting the block sweeps over
    drawn: Index | None  # (n, J) rows of the jobs' table

    def __len__(self) -> int:
        return len(self.scenario)

    def picked(self, chosen: NDArray[np.bool_]) -> Rows:
        """Those of its rows that are chosen (n,)."""
        return Rows(
            self.scenario[chosen],
            self.block,
            self.repeat[chosen],
            {setting: column[chosen] for setting, column in self.values.items()},
            None if self.drawn is None else self.drawn[chosen],
        )


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep file, understood."""

    name: str
    seed: int
    policies: tuple[Policy, ...]
    on_full: str
    settings: Settings
    blocks: tuple[Block, ...]
    table: JobsTable | None
    sample: int  # jobs drawn in each scenario
    replace: bool
    output: Output
    text: str

    @property
    def policy_names(self) -> tuple[str, ...]:
        """What the policies are called in results."""
        return tuple(policy.name for policy in self.policies)

    @property
    def resources(self) -> list[ResourceColumns]:
        """Columns of every resource that any pool has."""
        names = dict.fromkeys(r for pool in self.settings.pools.values() for r in pool["capacity"])
        return resource_columns(list(names))

    @property
    def size(self) -> int:
        """How many scenarios, before `where`: ids run from 0 to this."""
        return sum(block.size for block in self.blocks)

    def end(self, limit: int | None) -> int:
        """The id after the last, of the first `limit` scenarios (None: all)."""
        return self.size if limit is None else min(limit, self.size)

    def block_starts(self) -> Iterator[tuple[int, Block]]:
        """Each block, and the id of its first scenario."""
        first = 0
        for block in self.blocks:
            yield first, block
            first += block.size

    @property
    def axes(self) -> tuple[Setting, ...]:
        """What any block sweeps over, once each."""
        return tuple({s.path: s for block in self.blocks for s in block.settings}.values())

    @property
    def capped_strangers(self) -> list[str]:
        """Users who have a cap and no job."""
        users = {job["user"] for job in self.settings.jobs.values()}
        return [user for user in self.settings.user_caps if user not in users]

    @property
    def weighted(self) -> bool:
        """Whether jobs may be entitled to different shares."""
        weights = {job["weight"] for job in self.settings.jobs.values()}
        swept = any(setting.parts[-1] == "weight" for setting in self.axes)
        drawn = self.table is not None and "weight" in self.table.fields
        return len(weights) > 1 or swept or drawn

    @property
    def jobs_per_scenario(self) -> int:
        """Jobs over all pools."""
        return self.sample if self.table is not None else len(self.settings.jobs)

    @property
    def most_executors(self) -> int:
        """The most extra executors of any scenario, over all pools."""
        budgets = {pool: [most] for pool, most in self.settings.extra_executors.items()}
        for block in self.blocks:
            for axes in (block.grid, block.linked, block.random, block.sobol):
                for setting, axis in axes.items():
                    if setting.parts[0] == "extra_executors":
                        budgets[setting.parts[1]] += extremes(axis)
        return int(sum(map(max, budgets.values())))

    def sampled(self, rows: Rows, block_start: int, share: float) -> Rows:
        """A share of the rows, chosen by seed and index alone; a smaller share is a part of it."""
        if share >= 1 or not len(rows):
            return rows
        first = int(rows.scenario[0])
        inside = np.arange(first, rows.scenario[-1] + 1) - block_start
        drawn = uniform(self.seed, (rows.block, _SHARE_STREAM), inside)
        return rows.picked(drawn[rows.scenario - first] < share)

    def rows(self, start: int, stop: int) -> Rows:
        """Scenarios start…stop−1, all of one block, less those that `where` drops."""
        rows = self.all_rows(start, stop)
        where = self.blocks[rows.block].where
        return rows if where is None else _filter(rows, where, self.filled(rows))

    def all_rows(self, start: int, stop: int) -> Rows:
        """Scenarios start…stop−1, all of one block, before `where`."""
        first, block = next(
            (first, block) for first, block in self.block_starts() if start < first + block.size
        )
        inside = np.arange(start - first, stop - first)
        values, repeat = block.columns(inside, self.seed)
        drawn = None
        if self.table is not None:
            drawn = draw_jobs(
                self.seed, block.number, inside, len(self.table), self.sample, replace=self.replace
            )
        return Rows(inside + first, block.number, repeat, values, drawn)

    def batches(self, rows: Rows) -> list[Batch]:
        """The rows as one Batch for each pool, in the spec's order."""
        settings = self.filled(rows)
        if self.table is not None and rows.drawn is not None:
            return [self.table.batch(settings, rows.drawn)]
        return settings.batches(len(rows))

    def base_scenario(self) -> Scenario:
        """What the file states before any block; scenario 0 where jobs are drawn."""
        return self.settings.scenario() if self.table is None else self.scenario(0)

    def scenario(self, i: int) -> Scenario:
        """Scenario i as a person would write it.

        Raises
        ------
        InputError
            When there is no such scenario, or `where` drops it.
        """
        if not 0 <= i < self.size:
            raise InputError(f"scenario {i} is unknown; expected an id from 0 to {self.size - 1:,}")
        rows = self.rows(i, i + 1)
        if not len(rows):
            where = self.blocks[rows.block].where
            assert where is not None
            raise InputError(
                f"scenario {i} is dropped by block[{rows.block}].where, {where.text!r}"
            )
        settings = self.filled(rows)
        if self.table is None or rows.drawn is None:
            return settings.scenario()
        return settings.scenario(self.table.jobs(settings, rows.drawn[0]))

    def filled(self, rows: Rows) -> Settings:
        """The settings with the rows' values written in, as columns."""
        settings = self.settings.copy()
        for setting, column in rows.values.items():
            setting.write(settings, column)
        return settings


def _filter(rows: Rows, where: Filter, settings: Settings) -> Rows:
    columns = {}
    for path in where.paths:
        value = find_setting(path, settings).read(settings)
        columns[path] = np.inf if value is None else value  # no ceiling
    return rows.picked(where.keep(columns, len(rows)))


def words(seed: int, stream: tuple[int, ...], first: int, count: int) -> NDArray[np.uint64]:
    """64-bit words first…first+count−1 of a stream."""
    key = np.random.SeedSequence(seed, spawn_key=stream).generate_state(2, np.uint64)
    generator = np.random.Philox(key=key)
    generator.advance(first // _WORDS_PER_COUNTER)
    skipped = first % _WORDS_PER_COUNTER
    drawn: NDArray[np.uint64] = generator.random_raw(skipped + count)
    return drawn[skipped:]


def uniform(seed: int, stream: tuple[int, ...], rows: Index, each: int = 1) -> NDArray[np.float64]:
    """Doubles in [0, 1) for consecutive rows: (n,), or (n, each)."""
    first, count = int(rows[0]) if len(rows) else 0, len(rows)
    upper = words(seed, stream, first * each, count * each) >> np.uint64(11)
    drawn = upper.astype(np.float64) * 2.0**-53
    return drawn if each == 1 else drawn.reshape(count, each)


def sobol_points(seed: int, block: int, dimensions: int, index: Index) -> NDArray[np.float64]:
    """Points `index` (from 0) of a Sobol sequence in [0, 1), (n, dimensions).

    The seed shifts the sequence modulo 1 (Cranley & Patterson 1976).

    Raises
    ------
    InputError
        Where scipy is not installed.
    """
    try:
        from scipy.stats import qmc
    except ImportError:
        raise InputError(
            "sobol: scipy is not installed; install it with: pip install 'fairsched-fast[qmc]'"
        ) from None
    low, high = int(index.min()), int(index.max())
    sequence = qmc.Sobol(dimensions, scramble=False)
    first = max(low, 1)  # scipy warns of every sequence that begins with its corner, point 0
    sequence.fast_forward(first)
    points = sequence.random(high - first + 1) if high >= first else np.empty((0, dimensions))
    points = np.vstack([np.zeros((first - low, dimensions)), points])[index - low]
    shift = [uniform(seed, (block, axis), np.zeros(1, np.int64))[0] for axis in range(dimensions)]
    shifted: NDArray[np.float64] = (points + np.array(shift)) % 1.0
    return shifted


def draw_jobs(
    seed: int, block: int, rows: Index, population: int, sample: int, *, replace: bool
) -> Index:
    """Rows of the jobs' table that each scenario draws, (n, sample), in the table's order.

    Without replacement: Floyd's algorithm (Bentley & Floyd, CACM 30(9), 1987), all scenarios at
    once.
    """
    unit = uniform(seed, (block, _JOBS_STREAM), rows, each=max(sample, 1)).reshape(
        len(rows), sample
    )
    if replace:
        return np.sort(np.minimum((unit * population).astype(np.int64), population - 1), axis=1)
    chosen = np.empty((sample, len(rows)), np.int64)
    for i, last in enumerate(range(population - sample, population)):
        candidate = np.minimum((unit[:, i] * (last + 1)).astype(np.int64), last)
        taken = (chosen[:i] == candidate).any(axis=0)
        chosen[i] = np.where(taken, last, candidate)
    return np.sort(chosen.T, axis=1)
