"""What the audit's columns mean: one table for frames, files, pages and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

EVERY = "*"
"""All resources that a job needs, as the resource of a lie."""

_DRF = "Ghodsi et al., Dominant Resource Fairness, NSDI 2011"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the audit.

    `kind` says what is in it: a number, a job's or a resource's name (missing where it is nobody),
    or a number for each resource, each in a column of its own.
    """

    name: str
    text: str
    kind: Literal["number", "job", "resource", "each resource"] = "number"
    unit: str = ""
    span: str = ""
    source: str = ""
    probe: bool = False


COLUMNS = (
    Column(
        "envy",
        "the largest u_i(B_j · w_i / w_j) − u_i(B_i) over jobs i ≠ j; 0 where nobody envies",
        unit="executors",
        span="0 or more",
        source=f"{_DRF}, section 3; weights as in 4.3",
    ),
    Column("envious", "the job i of that envy", "job"),
    Column("envied", "the job j of that envy", "job"),
    Column(
        "envy_but_one",
        "the same once one executor that j was granted is taken from its bundle (EF1)",
        unit="executors",
        span="0 or more",
        source="Budish, J. Political Economy 119(6), 2011",
    ),
    Column(
        "sharing_incentive",
        "the least u_i(B_i) / u_i(c · w_i / Σw) over jobs: what it runs beside what its own part "
        "of the pool would",
        unit="1",
        span="0 or more; 1 or more is kept",
        source=f"{_DRF}, section 3",
    ),
    Column("short", "the job of that least, where it is below 1", "job"),
    Column(
        "shortfall",
        "the largest u_i(c · w_i / Σw) − u_i(B_i); 0 where none is short",
        unit="executors",
        span="0 or more",
    ),
    Column(
        "still_fit",
        "jobs below ceiling, limit and cap whose next executor fits; at 0 nothing is left to give, "
        "which is Pareto-efficient if what was held before stays where it is",
        unit="jobs",
        span="0 to J",
        source=f"{_DRF}, section 3",
    ),
    Column(
        "stranded",
        "share of the capacity that is free though some job wants more of it, where no job that "
        "needs it fits; 0 where nobody wants more",
        "each resource",
        unit="1",
        span="0 to 1",
    ),
    Column(
        "jain",
        "Jain's index of dominant share / weight, over the n jobs of weight above 0",
        unit="1",
        span="1 / n to 1",
        source="Jain, Chiu & Hawe, DEC-TR-301, 1984",
    ),
    Column(
        "weighted_share_gap",
        "largest less smallest dominant share / weight (the summary's dominant_share_gap is not "
        "divided by weights)",
        unit="1",
        span="0 or more",
    ),
    Column(
        "fluid_distance",
        "the largest |granted − fluid| over jobs: how far from what the policy comes to where "
        "executors can be divided",
        unit="executors",
        span="0 or more",
        source="`fs.fluid`: progressive filling",
    ),
    Column("furthest", "the job of that distance", "job"),
    Column(
        "lie_gain",
        "the most executors that a job gains by misreporting its demand: what its bundle runs of "
        "its true demand, up to its true ceiling, less what it runs when honest, both rounded down "
        "where executors are whole",
        unit="executors",
        span="0 or more",
        source=f"{_DRF}, section 3 (strategy-proofness)",
        probe=True,
    ),
    Column("liar", "the job of that lie", "job", probe=True),
    Column(
        "lie_resource",
        f"the resource it lies about; {EVERY} is all that it needs",
        "resource",
        probe=True,
    ),
    Column(
        "lie_factor",
        "how many times its demand it states; of a resource that it needs nothing of, how many "
        "times the largest demand in the pool",
        unit="1",
        probe=True,
    ),
    Column(
        "growth_loss",
        "the most executors that a job loses when the pool has 1.1 or 2 times as much of one "
        "resource",
        unit="executors",
        span="0 or more",
        source=f"{_DRF}, section 3 (resource monotonicity)",
        probe=True,
    ),
    Column("growth_loser", "the job that loses them", "job", probe=True),
    Column("growth_resource", "the resource that grew", "resource", probe=True),
    Column("growth_factor", "how many times as much there was", unit="1", probe=True),
    Column(
        "leaving_loss",
        "the most executors that a job loses when another leaves, and what that held is free",
        unit="executors",
        span="0 or more",
        source=f"{_DRF}, section 3 (population monotonicity)",
        probe=True,
    ),
    Column("leaving_loser", "the job that loses them", "job", probe=True),
    Column("leaver", "the job that left", "job", probe=True),
)


def columns(probes: bool) -> tuple[Column, ...]:
    """Those of an audit with probes, or without."""
    return tuple(column for column in COLUMNS if probes or not column.probe)


def table() -> str:
    """The columns as Markdown, for docs/audit.md."""
    rows = [("column", "what it is", "range", "source"), ("---",) * 4]
    for column in COLUMNS:
        name = "stranded_<resource>" if column.kind == "each resource" else column.name
        unit = f", in {column.unit}" if column.unit not in ("", "1") else ""
        rows.append(
            (f"`{name}`", column.text.replace("|", "\\|") + unit, column.span, column.source)
        )
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def in_words(row: Mapping[str, Any]) -> list[str]:
    """A row of the audit, in words, a finding each; what could not be judged is said to be so."""
    parts = [_envy(row), _sharing(row), _left(row), _evenness(row)]
    if "lie_gain" in row:
        parts += [_lie(row), _growth(row), _leaving(row)]
    return [part for part in parts if part]


def _executors(count: float) -> str:
    number = f"{count:.3g}" if count < 1000 else f"{count:,.0f}"
    return f"{number} executor{'' if number == '1' else 's'}"


def _envy(row: Mapping[str, Any]) -> str:
    if np.isnan(row["envy"]):
        return "envy cannot be judged"
    if row["envy"] == 0:
        return "nobody envies anybody"
    rest = "nobody" if row["envy_but_one"] == 0 else f"by up to {_executors(row['envy_but_one'])}"
    return (
        f"{row['envious']} envies {row['envied']} by {_executors(row['envy'])} ({rest} once one "
        "executor is taken from the envied)"
    )


def _sharing(row: Mapping[str, Any]) -> str:
    ratio = row["sharing_incentive"]
    if np.isnan(ratio):
        return "the sharing incentive cannot be judged"
    if row["shortfall"] == 0:
        return "each job runs at least what its own part of the pool would"
    return (
        f"{row['short']} runs {ratio:.3g} of what its own part of the pool would, and the worst "
        f"shortfall is {_executors(row['shortfall'])}"
    )


def _left(row: Mapping[str, Any]) -> str:
    fitting = row["still_fit"]
    if np.isnan(fitting):
        return "the jobs hold more than there is"
    if fitting > 0:
        return f"{fitting:.0f} job{' still fits' if fitting == 1 else 's still fit'}"
    stranded = [
        f"{row[name]:.1%} of {name.removeprefix('stranded_')}"
        for name in row
        if name.startswith("stranded_") and row[name] > 0
    ]
    return f"nobody fits; stranded: {', '.join(stranded) or 'nothing'}"


def _evenness(row: Mapping[str, Any]) -> str:
    if row["fluid_distance"] > 0:
        return (
            f"{row['furthest']} is furthest from where executors could be divided, by "
            f"{_executors(row['fluid_distance'])}"
        )
    return ""


def _lie(row: Mapping[str, Any]) -> str:
    if np.isnan(row["lie_gain"]):
        return "lies cannot be judged"
    if row["lie_gain"] == 0:
        return "no lie that was tried pays"
    about = "all it needs" if row["lie_resource"] == EVERY else row["lie_resource"]
    return (
        f"{row['liar']} gains {_executors(row['lie_gain'])} by stating {row['lie_factor']:g} times "
        f"its demand of {about}"
    )


def _growth(row: Mapping[str, Any]) -> str:
    told = f"there is {row['growth_factor']:g} times as much {row['growth_resource']}"
    return _loss(row, "growth", f"where {told}", "when the pool grows")


def _leaving(row: Mapping[str, Any]) -> str:
    return _loss(row, "leaving", f"when {row['leaver']} leaves", "when another leaves")


def _loss(row: Mapping[str, Any], what: str, now: str, ever: str) -> str:
    """Who loses by a change, `now`; that nobody does, `ever`; nothing where it was not judged."""
    loss = row[f"{what}_loss"]
    if np.isnan(loss):
        return ""
    if loss == 0:
        return f"nobody loses {ever}"
    return f"{row[f'{what}_loser']} loses {_executors(loss)} {now}"
