"""Who gains and who loses: what each job is given under each policy, from the jobs' table."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairsched_fast.measures import NEITHER
from fairsched_fast.plain_text import joined
from fairsched_fast.report.facts import Facts
from fairsched_fast.report.naming import plain
from fairsched_fast.report.streaming import Floats, codes_of, slabs_of
from fairsched_fast.report.tables import COUNT, Line, line_of

_ROWS = 20
_COLUMNS = ["policy", "pool", "job", "granted"]


@dataclass(slots=True)
class Given:
    """Executors given, summed over scenarios. J jobs of all pools, P policies."""

    jobs: dict[tuple[str, str], int] = field(default_factory=dict)  # (pool, job) → its row
    sums: Floats = field(default_factory=lambda: np.zeros((0, 0)))  # (J, P)
    runs: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))  # (J, P)

    def add(self, table: pa.Table, policies: tuple[str, ...]) -> None:
        """Count in rows of the jobs' table."""
        pools, names = (_words(table[name]) for name in ("pool", "job"))
        place = np.array(
            [[self.jobs.setdefault((q, n), len(self.jobs)) for n in names] for q in pools], np.int64
        )
        P, J = len(policies), len(self.jobs)
        self._grow(J, P)
        codes = {name: codes_of(table[name], words) for name, words in zip(
            ("policy", "pool", "job"), (policies, pools, names), strict=True
        )}  # fmt: skip
        key = place[codes["pool"], codes["job"]] * P + codes["policy"]
        granted = table["granted"].to_numpy()
        self.sums += np.bincount(key, weights=granted, minlength=J * P).reshape(J, P)
        self.runs += np.bincount(key, minlength=J * P).reshape(J, P)

    def means(self) -> Floats:
        """(J, P), NaN of a job that is in no run."""
        found: Floats = self.sums / np.where(self.runs == 0, np.nan, self.runs)
        return found

    def _grow(self, J: int, P: int) -> None:
        more = J - len(self.sums)
        self.sums = np.vstack([self.sums.reshape(-1, P), np.zeros((more, P))])
        self.runs = np.vstack([self.runs.reshape(-1, P), np.zeros((more, P), np.int64)])


@dataclass(frozen=True, slots=True)
class Gains:
    """What the page says of jobs: a sentence, lines of the most changed, and how many are more."""

    sentence: str
    lines: list[Line]
    more: int


def gains(facts: Facts) -> Gains | None:
    """Of all that the jobs' table holds; None where there is no such table."""
    given = _given(facts)
    if not given.jobs:
        return None
    means, names = given.means(), [_name(facts, *job) for job in given.jobs]
    there = np.flatnonzero(given.runs.any(axis=1))  # a table's jobs that no scenario drew are not
    change = np.nanmax(np.abs(means[there] - means[there, :1]), axis=1)
    shown = there[np.sort(np.argsort(-change, kind="stable")[:_ROWS])]
    lines = [line_of(names[j], means[j].tolist(), NEITHER, COUNT) for j in shown]
    return Gains(_sentence(facts, means, names), lines, len(there) - len(shown))


def _sentence(facts: Facts, means: Floats, names: list[str]) -> str:
    """Who gains most by the fairest policy, and who loses most."""
    if len(facts.policies) == 1:
        return ""
    by = means[:, facts.best] - means[:, facts.beside]
    average = "" if facts.scenarios == 1 else " on average"
    gain, loss = int(np.nanargmax(by)), int(np.nanargmin(by))
    best, other = (plain(facts.policies[p]) for p in (facts.best, facts.beside))
    told = [f"{plain(names[gain])} gains most ({by[gain]:+.2f})"] if by[gain] >= 0.005 else []
    told += [f"{plain(names[loss])} loses most (−{-by[loss]:.2f})"] if by[loss] <= -0.005 else []
    if not told:
        return f"Every job is given as much under {best} as under {other}{average}."
    return f"Under {best} instead of {other} {joined(told)}, in executors{average}."


def _name(facts: Facts, pool: str, job: str) -> str:
    return f"{job}, {pool}" if len(facts.pools) > 1 else job


def _given(facts: Facts) -> Given:
    given = Given()
    for table in slabs_of(facts.results.folder, "jobs", _COLUMNS, facts.damaged):
        given.add(table, facts.policies)
    return given


def _words(column: pa.ChunkedArray) -> list[str]:
    words: list[str] = column.combine_chunks().dictionary.to_pylist()
    return words
