"""The tables of the page: policies side by side, pool by pool, and the runs that stand out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fairsched_fast.measures import HIGHER, LOWER, NEITHER
from fairsched_fast.plain_text import cut, visible
from fairsched_fast.report.digits import decimals, part, places_of
from fairsched_fast.report.facts import GAP, JAIN, SMALLEST, Facts
from fairsched_fast.report.ranking import Run
from fairsched_fast.report.tally import Rows
from fairsched_fast.result import StopReason


@dataclass(frozen=True, slots=True)
class Unit:
    """How figures of a line are shown."""

    scale: float
    places: int

    def told(self, value: float) -> str:
        """A figure; `no value` of NaN."""
        return NOTHING if math.isnan(value) else decimals(self.scale * value, self.places)

    def fitting(self, values: Iterable[float]) -> Unit:
        """With digits enough for the largest of these values."""
        largest = max((abs(v) for v in values if not math.isnan(v)), default=0.0)
        return Unit(self.scale, max(self.places, places_of(self.scale * largest)))


PERCENT, INDEX, COUNT = Unit(100, 1), Unit(1, 3), Unit(1, 2)
NOTHING = "no value"
_ENDED = {
    StopReason.BUDGET: "all executors given",
    StopReason.CAPACITY: "pool full",
    StopReason.USER_CAPS: "caps of users",
    StopReason.CEILINGS: "ceilings",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure of a policy, and what it is more or less than the first policy's."""

    text: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A measure: a cell for each policy."""

    label: str
    cells: tuple[Cell, ...]


def comparison(facts: Facts) -> list[Line]:
    """Measures × policies, each beside the first."""
    figures = facts.figures
    if figures is None:
        return []
    policies = range(len(facts.policies))

    def means(name: str) -> list[float]:
        return [figures.mean(name, p) for p in policies]

    def medians(name: str) -> list[float]:
        return [figures.quantile(name, p, 0.5) for p in policies]

    lines = [
        line_of("Gap, points: mean", means(GAP), LOWER, PERCENT),
        line_of("Gap, points: median", medians(GAP), LOWER, PERCENT),
        line_of("Jain's index: mean", means(JAIN), HIGHER, INDEX),
        line_of("Jain's index: median", medians(JAIN), HIGHER, INDEX),
        line_of("Smallest dominant share, %: mean", means(SMALLEST), HIGHER, PERCENT),
        line_of("Executors given: mean", means("steps"), NEITHER, COUNT),
        *(
            line_of(
                f"Use of {cut(visible(c.resource))}, %: mean", means(c.utilization), HIGHER, PERCENT
            )
            for c in facts.resources
        ),
    ]
    known = [line for line in lines if any(cell.text != NOTHING for cell in line.cells)]
    if figures.runs == 1:
        one = [line for line in known if not line.label.endswith(": median")]
        return [*(Line(line.label.removesuffix(": mean"), line.cells) for line in one)]
    return [*known, *_judged(facts), *_ended(facts)]


def by_pool(facts: Facts, longest: int) -> tuple[list[tuple[str, tuple[str, ...]]], int]:
    """The lead measure's mean of each policy pool by pool, and how many pools are left out."""
    if facts.figures is None:
        return [], 0
    told = [
        (pool, tuple(_lead_text(facts, rows) for rows in of_policies))
        for pool, of_policies in facts.figures.pools.items()
    ]
    return told[:longest], max(0, len(told) - longest)


def standing_out(facts: Facts, runs: Iterable[Run]) -> Iterator[tuple[str, ...]]:
    """A row for each run: id, pool where there are several, the lead measure, executors."""
    shown = sorted({facts.beside, facts.best})
    for run in runs:
        pool = (facts.pools[run.pool],) if len(facts.pools) > 1 else ()
        given = dict.fromkeys(run.given[p] for p in shown)
        told = (figure(facts, run.lead[p]) for p in shown)
        yield str(run.scenario), *pool, *told, " / ".join(f"{steps:,}" for steps in given)


def word_columns(rows: Sequence[Sequence[str]]) -> set[int]:
    """Columns, below a header, in which there is anything but numbers and `none`."""
    return {
        place
        for place, column in enumerate(zip(*rows[1:], strict=True))
        if not all(cell == "none" or cell[:1].isdecimal() for cell in column)
    }


def _lead_text(facts: Facts, rows: Rows) -> str:
    return figure(facts, float(rows[facts.lead.name]["policy_mean"]))


def figure(facts: Facts, value: float) -> str:
    """Of the lead measure, without its unit."""
    return (PERCENT.fitting([value]) if facts.lead.name == GAP else INDEX).told(value)


def line_of(label: str, values: list[float], better: int, unit: Unit) -> Line:
    """A measure of each policy, beside the first."""
    unit = unit.fitting(values)
    cells = [Cell(unit.told(values[0]))]
    for value in values[1:]:
        by = value - values[0]
        change = "" if math.isnan(by) else _change(unit, by, better)
        cells.append(Cell(unit.told(value), change))
    return Line(label, tuple(cells))


def _change(unit: Unit, by: float, better: int) -> str:
    shown = unit.told(abs(by))
    if shown == unit.told(0.0):
        return "the same"
    signed = f"{'+' if by > 0 else '−'}{shown}"
    if better == NEITHER:
        return signed
    return f"{signed}, {'better' if by * better > 0 else 'worse'}"


def _judged(facts: Facts) -> Iterator[Line]:
    """In how many runs a policy is fairer than the first, or less fair."""
    assert facts.figures is not None
    rows = [paired.get(facts.lead.name) for paired in facts.figures.paired]
    if len(rows) < 2 or any(not row or row["better"] is None for row in rows[1:]):
        return
    for label, count in (("fairer", "better"), ("as fair", "equal"), ("less fair", "worse")):
        told = [part(row[count], row["pairs"]) for row in rows[1:] if row]
        than = "as" if count == "equal" else "than"
        yield Line(f"Runs {label} {than} the first", (Cell("–"), *map(Cell, told)))


def _ended(facts: Facts) -> Iterator[Line]:
    """Why runs ended."""
    assert facts.figures is not None
    stops = facts.figures.stops
    for reason in StopReason:
        if stops[:, reason].any():
            told = [part(int(row[reason]), int(row.sum())) for row in stops]
            yield Line(f"Ended by {_ENDED[reason]}", tuple(map(Cell, told)))
