"""What the command line says of policies compared over a sweep."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import Any

from fairsched_fast.errors import plural
from fairsched_fast.measures import HIGHER, LOWER, NEITHER
from fairsched_fast.plain_text import align, percent, section, wrapped
from fairsched_fast.sweep.running.comparing import Comparison, Duel
from fairsched_fast.sweep.running.words import notes_on_figures

_HEADER = ["measure", "baseline", "policy", "change", "std", "better", "worse", "equal"]


def describe_comparison(
    made: Comparison, spec: Path, files: str = "", width: int | None = None
) -> str:
    """Tables of paired differences, where policies part, what to know, what to type next.

    `files` are options that the commands to type next need.
    """
    names = made.sweep.policy_names
    head = (
        f"{made.sweep.name}: {plural(made.scenarios, 'scenario')}, each under "
        f"{len(names)} policies; the baseline is {names[0]}"
    )
    notes = [
        *_ways(made),
        *notes_on_figures(made.sweep, made.asked, made.overfull, made.scenarios * len(made.pools)),
        *_next(made, spec, files),
    ]
    return "\n\n".join([head, *(_duel(made, duel, width) for duel in made.duels), "\n".join(notes)])


def _duel(made: Comparison, duel: Duel, width: int | None) -> str:
    """A policy against the baseline in one pool: its table, and where the two part."""
    baseline, policy = duel.parted.policies
    place = f" in pool {duel.pool}" if len(made.pools) > 1 else ""
    rows = list(made.measures_of(duel))
    table = align([_HEADER, *map(_cells, rows)], left=(0,))
    missing = [
        f"{row['measure']} is missing in {row['missing']:,} of "
        f"{plural(duel.pairs.scenarios, 'scenario')}, which count for nothing here"
        for row in rows
        if row["missing"]
    ]
    told = [*table, *missing, "", wrapped(duel.parted.sentences(), width)]
    return section(f"{policy} against {baseline}{place}", "\n".join(told))


def _cells(row: dict[str, Any]) -> list[str]:
    places = 2 if row["measure"] == "steps" else 4
    if not row["pairs"]:
        return [row["measure"], *["–"] * (len(_HEADER) - 1)]
    figures = [f"{row[name]:,.{places}f}" for name in ("baseline_mean", "policy_mean")]
    std = "–" if isnan(row["std"]) else f"{row['std']:,.{places}f}"
    counts = [
        "–" if row[name] is None else percent(row[name], row["pairs"])
        for name in ("better", "worse", "equal")
    ]
    return [row["measure"], *figures, f"{row['difference']:+,.{places}f}", std, *counts]


def _ways(made: Comparison) -> list[str]:
    """Which way is better, as the tables count it."""
    ways = {
        way: [measure.name for measure in made.measures if measure.better == way]
        for way in (HIGHER, LOWER, NEITHER)
    }
    shares = [name for name in ways[HIGHER] if not name.startswith("utilization_")]
    return [
        "note      change and std are of the differences policy − baseline, scenario by scenario",
        f"note      better: more of {', '.join(shares)} and utilization, less of "
        f"{', '.join(ways[LOWER])}; of {', '.join(ways[NEITHER])} neither",
    ]


def _next(made: Comparison, spec: Path, files: str) -> list[str]:
    """How to look at an example."""
    shown = [duel.parted.example for duel in made.duels]
    moved = [example for example in shown if example is not None and example.moved]
    if not moved:
        return []
    two = ",".join(made.duels[shown.index(moved[0])].parted.policies)
    return [
        f"next      fairsched sweep {spec} --out DIR{files}, then",
        f"          fairsched explain DIR {moved[0].scenario} --policies '{two}'{files}",
    ]
