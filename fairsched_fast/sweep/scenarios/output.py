"""What a sweep keeps: `[output]`, understood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Rows of the summary in groups, and what is counted of them. G groups, M measures.

    `levels` has the values that each column of `by` can take: names, or numbers in rising order.
    """

    name: str
    by: tuple[str, ...]
    levels: tuple[tuple[str, ...] | NDArray[Any], ...]
    measures: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each column of `by` can take; G is their product."""
        return tuple(map(len, self.levels))


@dataclass(frozen=True, slots=True)
class Audits:
    """Of which share of the scenarios there is an audit, and whether with probes."""

    share: float = 0.0
    probes: bool = True


@dataclass(frozen=True, slots=True)
class Output:
    """What is written: kinds of parts, and aggregates."""

    summary: bool = True
    jobs: bool = True
    steps: float = 0.0  # share of the scenarios whose steps are kept
    audit: Audits = Audits()
    aggregates: tuple[Aggregate, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of parts, by the names of their folders."""
        wanted = {
            "summary": self.summary,
            "jobs": self.jobs,
            "steps": self.steps > 0,
            "audit": self.audit.share > 0,
        }
        return tuple(kind for kind, kept in wanted.items() if kept)
