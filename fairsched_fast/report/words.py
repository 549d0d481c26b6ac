"""What the figures say: numbers for people, and the answer in three sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from fairsched_fast.report.effects import telling
from fairsched_fast.report.facts import Facts
from fairsched_fast.report.naming import plain
from fairsched_fast.report.streaming import Floats
from fairsched_fast.report.swept import setting_words
from fairsched_fast.result import STOP_SENTENCES, StopReason

NOTICED = 0.0005
"""Shares that differ by less are shown as the same: a twentieth of a point."""

_RESOURCES = 3  # told one by one


def decimals(value: float, places: int) -> str:
    """A number to so many decimals; what is rounded to nothing has no sign."""
    return f"{round(value, places) + 0.0:,.{places}f}"


def apart(gap: float) -> str:
    """A gap between shares in percentage points: 0.1483 is `14.8 points`."""
    return "no value" if math.isnan(gap) else f"{decimals(100 * gap, 1)} points"


def share(value: float) -> str:
    """0.9305 is `93.1%`; NaN is `no value`."""
    return "no value" if math.isnan(value) else f"{100 * value:.1f}%"


def index(value: float) -> str:
    """Jain's index, to three decimals."""
    return "no value" if math.isnan(value) else decimals(value, 3)


def part(count: int, of: int) -> str:
    """`12.3%`, and never 0.0% of something nor 100.0% of less than all."""
    told = share(count / max(of, 1))
    if 0 < count < of:
        return {"0.0%": "under 0.1%", "100.0%": "over 99.9%"}.get(told, told)
    return told


def answer(facts: Facts) -> list[str]:
    """Who is fairer and by how much, what that costs, and when it does not matter."""
    if facts.figures is None:
        return ["There is nothing to say yet: no scenario's figures are here."]
    if len(facts.policies) == 1:
        return [_alone(facts), _given_alone(facts), *_where(facts)]
    return [_fairer(facts), _cost(facts), " ".join(_when(facts))]


def _lead(facts: Facts, policy: int) -> str:
    figures = facts.figures
    assert figures is not None
    gap, jain = (figures.mean(name, policy) for name in ("dominant_share_gap", "jain"))
    ends = f"the largest and the smallest dominant share of a pool end {apart(gap)} apart"
    return f"{ends} on average, with a Jain's index of {index(jain)}"


def _alone(facts: Facts) -> str:
    return f"Under {plain(facts.policies[0])}, {_lead(facts, 0)}."


def _given_alone(facts: Facts) -> str:
    assert facts.figures is not None
    given = facts.figures.mean("steps", 0)
    return f"It hands out {given:,.1f} executors a run on average{_use(facts, 0)}."


def _use(facts: Facts, policy: int) -> str:
    """How much of the resources is in use, as the end of a sentence."""
    assert facts.figures is not None
    found = [
        (facts.figures.mean(column.utilization, policy), column.resource)
        for column in facts.resources
    ]
    told = [f"{share(used)} of {name}" for used, name in found if not math.isnan(used)]
    if not told:
        return ""
    more = f" and of {len(told) - _RESOURCES} more" if len(told) > _RESOURCES else ""
    return f", with {_and(told[:_RESOURCES])}{more} in use at the end"


def _fairer(facts: Facts) -> str:
    figures, name = facts.figures, facts.lead.name
    assert figures is not None
    best, other = (plain(facts.policies[p]) for p in (facts.best, facts.beside))
    gain = facts.lead.better * (figures.mean(name, facts.best) - figures.mean(name, facts.beside))
    if math.isnan(gain):
        return "No run has a measure of fairness, so the policies cannot be compared."
    if not facts.results.manifest.get("differing", 1):
        return f"The policies do not differ here: in every run, {_lead(facts, 0)} under each."
    if gain < NOTICED:
        return f"On average the policies are equally fair: {_lead(facts, facts.best)}."
    many = len(facts.policies) > 2
    rank = f"the fairest of the {len(facts.policies)} policies" if many else f"fairer than {other}"
    was = [figures.mean(measure, facts.beside) for measure in ("dominant_share_gap", "jain")]
    against = f"against {apart(was[0])} and {index(was[1])} under {other}"
    return f"{best} is {rank}: {_lead(facts, facts.best)}, {against}."


def _cost(facts: Facts) -> str:
    figures = facts.figures
    assert figures is not None
    best, other = (plain(facts.policies[p]) for p in (facts.best, facts.beside))
    mine, theirs = (figures.mean("steps", p) for p in (facts.best, facts.beside))
    apart_by = mine - theirs
    if abs(apart_by) <= 1e-9 * max(theirs, 1):
        given = f"{best} and {other} hand out as many executors, {mine:,.1f} a run on average"
    else:
        more = "more" if apart_by > 0 else "fewer"
        by = f"{100 * abs(apart_by) / theirs:.2g}% " if theirs else ""
        given = f"{best} hands out {by}{more} executors, {mine:,.1f} a run instead of {theirs:,.1f}"
    changed = [
        (figures.mean(c.utilization, facts.best) - figures.mean(c.utilization, facts.beside), c)
        for c in facts.resources
    ]
    noticed = [(by, column.resource) for by, column in changed if abs(by) >= NOTICED]
    if not noticed:
        free = "That costs nothing: " if abs(apart_by) <= 1e-9 * max(theirs, 1) else ""
        return f"{free}{given}{_use(facts, facts.best)}."
    noticed.sort(key=lambda told: -abs(told[0]))
    uses = [f"{apart(abs(by))} {'more' if by > 0 else 'less'} of {name}" for by, name in noticed]
    return f"{given}, and uses {_and(uses[:_RESOURCES])}."


def _when(facts: Facts) -> Iterator[str]:
    """In how many runs it makes a difference, and where it makes most."""
    assert facts.figures is not None
    if not facts.results.manifest.get("differing", 1):
        ended = StopReason(int(facts.figures.stops.sum(axis=0).argmax()))
        yield (
            f"Most runs end because {STOP_SENTENCES[ended]}, and there is nothing to decide: other "
            "capacities, ceilings or numbers of executors would give the policies a choice."
        )
        return
    pair = max(facts.best, facts.beside)  # the other of the two is the first
    row = facts.figures.paired[pair].get(facts.lead.name)
    if row and row["better"] is not None:
        best, other = (plain(facts.policies[p]) for p in (facts.best, facts.beside))
        kinds = ("better", "equal", "worse")
        runs, ordered = row["pairs"], kinds if facts.best == pair else kinds[::-1]
        fairer, equal, less = (part(row[kind], runs) for kind in ordered)
        yield (
            f"{best} is fairer than {other} in {fairer} of {runs:,} runs, as fair in {equal} and "
            f"less fair in {less}."
        )
    yield from _where(facts)


def _where(facts: Facts) -> Iterator[str]:
    """The setting that matters most: where the effect is least, and where it is most."""
    found = telling(facts)
    if not found:
        return
    path, by_level = found[0]
    labels, name = facts.levels[path].labels(), setting_words(path)
    least, most = ends(by_level)
    if by_level[most] - by_level[least] < NOTICED:
        yield "No setting that is swept over changes that."
        return
    low, high = (effect(facts, float(by_level[place])) for place in (least, most))
    several = len(facts.policies) > 1
    subject = "The choice matters least" if several else "The measure is lowest"
    other = "most" if several else "highest"
    yield (
        f"{subject} where {name} is {labels[least]} ({low}), and {other} where it is "
        f"{labels[most]} ({high})."
    )


def effect(facts: Facts, value: float) -> str:
    """An advantage, or of a policy alone the measure itself."""
    alone, by_index = len(facts.policies) == 1, facts.lead.name == "jain"
    if alone:
        return index(value) if by_index else apart(value)
    if by_index:
        return f"{value:+.3f} of Jain's index"
    return f"{apart(abs(value))} {'closer' if value >= 0 else 'wider'}"


def ends(by_level: Floats) -> tuple[int, int]:
    """Where an effect (V,) is least, and where it is most: the first of those shown as equal."""
    shown = by_level.round(3)
    return int(np.nanargmin(shown)), int(np.nanargmax(shown))


def _and(texts: list[str]) -> str:
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)
