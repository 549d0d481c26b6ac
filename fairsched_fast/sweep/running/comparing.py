"""Policies compared over a sweep, chunk by chunk, with nothing written: pairs and divergences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import add
from typing import Any

from fairsched_fast.comparing.compare import Pairs, comparison_rows, pairs_of, policies_to_compare
from fairsched_fast.comparing.divergence_summary import DivergenceSummary, summarise
from fairsched_fast.errors import InputError
from fairsched_fast.measures import Measure, all_figures, all_measures
from fairsched_fast.plain_text import without_nan
from fairsched_fast.policies.base import PolicyLike
from fairsched_fast.progress import Advance
from fairsched_fast.sweep.running.compute import batches_of, run_pool
from fairsched_fast.sweep.running.crew import Threads
from fairsched_fast.sweep.running.run import check_overfull
from fairsched_fast.sweep.scenarios.chunks import Chunk, chunks, slice_size
from fairsched_fast.sweep.scenarios.counting import NOTHING_KEPT, count_kept
from fairsched_fast.sweep.scenarios.output import Output
from fairsched_fast.sweep.scenarios.sampling import Sweep
from fairsched_fast.workers import threads


@dataclass(frozen=True, slots=True)
class Duel:
    """A policy and the baseline in one pool, over the scenarios of some slices."""

    pool: str
    pairs: Pairs
    parted: DivergenceSummary

    def __add__(self, other: Duel) -> Duel:
        return Duel(self.pool, self.pairs + other.pairs, self.parted + other.parted)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a sweep's policies come to against the first of them."""

    sweep: Sweep  # with the policies compared
    asked: int  # scenarios, before `where`
    overfull: int  # pools that hold more than their capacity from the start
    duels: tuple[Duel, ...]  # policy by policy, pool by pool

    @property
    def scenarios(self) -> int:
        """After `where`."""
        return self.duels[0].parted.scenarios

    @property
    def pools(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self.sweep.settings.pools)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What the pairs are of."""
        return all_measures(self.sweep.resources)

    def measures_of(self, duel: Duel) -> Iterator[dict[str, Any]]:
        """The rows of a duel's table, as `compare` has them; none of resources its pool lacks."""
        lacking = {
            column.utilization
            for column in self.sweep.resources
            if column.resource not in self.sweep.settings.pools[duel.pool]["capacity"]
        }
        rows = comparison_rows(self.measures, duel.pairs)
        return (row for row in rows if row["measure"] not in lacking)

    def to_json(self) -> dict[str, Any]:
        """For a program; what is missing is null."""
        return {
            "sweep": self.sweep.name,
            "scenarios": self.scenarios,
            "on_full": self.sweep.on_full,
            "baseline": self.sweep.policy_names[0],
            "overfull": self.overfull,
            "compared": [
                {
                    "policy": duel.parted.policies[1],
                    "pool": duel.pool,
                    "measures": [without_nan(row) for row in self.measures_of(duel)],
                    "divergence": duel.parted.to_dict(),
                }
                for duel in self.duels
            ],
        }


def compare_sweep(
    sweep: Sweep,
    policies: Sequence[PolicyLike] | None = None,
    *,
    limit: int | None = None,
    workers: int | None = None,
    advance: Advance,
) -> Comparison:
    """Run a sweep's scenarios under several policies, and compare all with the first of them.

    Memory does not grow with the number of scenarios, nor do figures depend on `workers`.

    Parameters
    ----------
    sweep, limit
        Its first `limit` scenarios; None is all.
    policies
        None is the sweep's own.
    workers
        Threads; None is all cores.
    advance
        Called with the number of scenarios each time some are done.

    Raises
    ------
    InputError
        On policies as `compare`; where the sweep would be refused; where a scenario is wrong.
    """
    compared = policies_to_compare(sweep.policies if policies is None else policies)
    # Nothing is written, and what the file keeps must not cut it up otherwise: see `slice_size`.
    sweep = replace(sweep, policies=tuple(compared), output=Output())
    check_overfull(sweep)
    end = sweep.end(limit)
    count_kept(sweep, end)
    size = slice_size(sweep)
    pieces = (piece for chunk in chunks(sweep, end) for piece in chunk.slices(size))
    overfull, duels = 0, list[Duel]()

    def work(piece: Chunk) -> tuple[Chunk, int, list[Duel]]:
        return piece, *_slice(sweep, piece)

    for piece, over, found in Threads(work, threads(workers)).in_order(pieces):
        overfull += over
        duels = [*map(add, duels, found)] if duels and found else duels or found
        advance(piece.stop - piece.start)
    if not duels:
        raise InputError(NOTHING_KEPT)
    return Comparison(sweep, end, overfull, tuple(duels))


def _slice(sweep: Sweep, piece: Chunk) -> tuple[int, list[Duel]]:
    """Over-full pools of some scenarios, and their duels; none where `where` keeps nothing."""
    rows, columns = sweep.rows(piece.start, piece.stop), sweep.resources
    if not len(rows):
        return 0, []
    batches = batches_of(sweep, rows)
    overfull = sum(batch.overfull.rows for batch in batches if batch.overfull)
    firsts = [run_pool(sweep, batch, sweep.policies[0]) for batch in batches]
    known = [all_figures(first, columns) for first in firsts]
    duels = []
    for policy in sweep.policies[1:]:
        for first, figures in zip(firsts, known, strict=True):
            result = run_pool(sweep, first.batch, policy)
            pairs = pairs_of(figures, all_figures(result, columns))
            parted = summarise(first, result, rows.scenario)
            duels.append(Duel(first.batch.pool_name(0), pairs, parted))
    return overfull, duels
