"""What many divergences come to: how often, at which step, why, and who wins and loses by them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch import Labels
from fairsched_fast.comparing.parting import Partings, Split, part
from fairsched_fast.comparing.same_scenarios import check_same_scenarios
from fairsched_fast.errors import plural
from fairsched_fast.plain_text import percent, visible
from fairsched_fast.result import Result

_NAMED = 3  # jobs named in a sentence
_BECAUSE = {
    Split.KEY: "their keys order the two jobs otherwise",
    Split.TIE: "the two jobs tie under both",
    Split.TIE_A: "the two jobs tie under {a}, and {b} has the lower key for its own choice",
    Split.TIE_B: "the two jobs tie under {b}, and {a} has the lower key for its own choice",
    Split.STAGE: "they are of different stages, or one is to get no more",
    Split.END: "one of them ends there",
}


@dataclass(frozen=True, slots=True)
class Example:
    """The scenario in which most executors moved, the first of equals."""

    scenario: int
    pool: str | None  # None where all scenarios are of one pool
    step: int
    split: str
    chosen: tuple[str | None, str | None]  # by a and by b; None where the run had ended
    moved: int
    lost_most: str | None
    lost: int
    gained_most: str | None
    gained: int


@dataclass(frozen=True, slots=True)
class DivergenceSummary:
    """What the divergences of b from a come to; `str` tells it.

    Attributes
    ----------
    policies
        Of a and of b.
    scenarios
        How many were looked at (scenario × pool).
    first_steps : int64 (N + 1,)
        In how many they first differ at step n, from 1; place 0 has those that never do.
    splits
        In how many why, by `Split` in lower case.
    ends_differ
        In how many some job ends with more or fewer executors.
    moved
        Executors moved in all.
    change
        By job, executors gained in all less those lost; 0 where a job is not named.
    example
        A scenario to look at, where any differ.
    """

    policies: tuple[str, str]
    scenarios: int = 0
    first_steps: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    splits: Counter[str] = field(default_factory=Counter)
    ends_differ: int = 0
    moved: int = 0
    change: Counter[str] = field(default_factory=Counter)
    example: Example | None = None

    @property
    def differing(self) -> int:
        """In how many scenarios they differ at some step."""
        return self.scenarios - int(self.first_steps[0])

    def step_quantile(self, fraction: float) -> int | None:
        """The first differing step by which this part of those that differ do so; of 0 the least
        there is. None where none differ.
        """
        if not self.differing:
            return None
        reached = self.first_steps[1:].cumsum() >= max(fraction * self.differing, 1)
        return int(reached.argmax()) + 1

    def __add__(self, other: DivergenceSummary) -> DivergenceSummary:
        """Both, this one's scenarios first."""
        steps = np.zeros(max(len(self.first_steps), len(other.first_steps)), np.int64)
        for summary in (self, other):
            steps[: len(summary.first_steps)] += summary.first_steps
        change = Counter(self.change)
        change.update(other.change)
        examples = [s.example for s in (self, other) if s.example is not None]
        return DivergenceSummary(
            self.policies,
            self.scenarios + other.scenarios,
            steps,
            self.splits + other.splits,
            self.ends_differ + other.ends_differ,
            self.moved + other.moved,
            change,
            max(examples, key=lambda example: example.moved, default=None),
        )

    def to_dict(self) -> dict[str, Any]:
        """For a program: plain numbers and words."""
        return {
            "baseline": self.policies[0],
            "policy": self.policies[1],
            "scenarios": self.scenarios,
            "differing": self.differing,
            "ends_differ": self.ends_differ,
            "first_step": {
                name: self.step_quantile(q)
                for name, q in (("least", 0.0), ("25%", 0.25), ("50%", 0.5), ("75%", 0.75))
            }
            | {"most": self.step_quantile(1.0)},
            "splits": {s.name.lower(): self.splits[s.name.lower()] for s in Split if s},
            "executors_moved": self.moved,
            "change": dict(self._changed()),
            "example": None if self.example is None else asdict(self.example),
        }

    def _changed(self) -> list[tuple[str, int]]:
        """Jobs with what they gain in all, who gains most first; without those it evens out for."""
        changed = [(job, total) for job, total in self.change.items() if total]
        return sorted(changed, key=lambda pair: (-pair[1], pair[0]))

    def __str__(self) -> str:
        return " ".join(self.sentences())

    def sentences(self) -> list[str]:
        """How often, at which step, why, who wins and loses, and an example."""
        a, b = self.policies
        if not self.differing:
            return [f"{b} serves the same jobs in the same order as {a} in all of them."]
        told = (self._how_often(), self._when(), self._why(), self._at_the_end(), *self._shown())
        return [visible(sentence) for sentence in told]

    def _how_often(self) -> str:
        a, b = self.policies
        if self.scenarios == 1:
            return f"{b} and {a} serve different jobs."
        share = percent(self.differing, self.scenarios)
        only = self.differing - self.ends_differ
        order = f"; in {only:,} of these only the order differs" if only else ""
        return (
            f"{b} and {a} serve different jobs in {self.differing:,} of "
            f"{plural(self.scenarios, 'run')} ({share}){order}."
        )

    def _when(self) -> str:
        first, low, middle, high, last = map(self.step_quantile, (0.0, 0.25, 0.5, 0.75, 1.0))
        if first == last:
            return f"They part at step {first}."
        half = f"half of them between {low} and {high}" if low != high else f"most of them at {low}"
        return f"They part at step {middle} in the median, {half}, the last at {last}."

    def _why(self) -> str:
        a, b = self.policies
        counted = (
            (because.format(a=a, b=b), self.splits[split.name.lower()])
            for split, because in _BECAUSE.items()
        )
        told = {why: percent(count, self.differing) for why, count in counted if count}
        if len(told) == 1:
            return f"Why: {next(iter(told))}."
        return f"Why: {'; '.join(f'{why} ({share})' for why, share in told.items())}."

    def _at_the_end(self) -> str:
        b = self.policies[1]
        if not self.ends_differ:
            return "In the end every job has the same."
        moved = f"{self.moved / self.ends_differ:.3g}"
        noun = "executor" if moved == "1" else "executors"
        if self.scenarios == 1:
            return f"In the end {b} moves {moved} {noun}{self._for_whom('')}."
        average = " on average" if self.ends_differ > 1 else ""
        whom = self._for_whom(" on average over all runs")
        return f"Where the end differs, {b} moves {moved} {noun}{average}{whom}."

    def _for_whom(self, over: str) -> str:
        """Jobs by what they gain or lose in a run, those in the middle left out."""
        each = [f"{job} {total / self.scenarios:+.3g}" for job, total in self._changed()]
        if not each:
            return ""
        if len(each) > 2 * _NAMED:
            each = [*each[:_NAMED], "…", *each[-_NAMED:]]
        return f";{over} {', '.join(each)}"

    def _shown(self) -> list[str]:
        shown, (a, b) = self.example, self.policies
        if shown is None or not shown.moved:
            return []
        served = " and ".join(
            f"{policy} {'ends' if job is None else f'serves {job}'}"
            for policy, job in zip((a, b), shown.chosen, strict=True)
        )
        ends = [
            f"{job} ends with {amount:,} {word}"
            for job, amount, word in (
                (shown.lost_most, shown.lost, "fewer"),
                (shown.gained_most, shown.gained, "more"),
            )
            if job is not None
        ]
        place = f"scenario {shown.scenario}" + (f", pool {shown.pool}" if shown.pool else "")
        return [f"The most is moved in {place}: at step {shown.step} {served}; {', '.join(ends)}."]


def divergences(a: Result, b: Result) -> DivergenceSummary:
    """What the divergences of two results of the same scenarios come to; see `divergence`.

    Raises
    ------
    InputError
        When the two are of different scenarios or `on_full`.
    """
    check_same_scenarios(a, b)
    return summarise(a, b, a.batch.labels.scenario)


def summarise(a: Result, b: Result, scenario: NDArray[np.int64]) -> DivergenceSummary:
    """The same of results of the same scenarios, unchecked, whose ids are `scenario` (S,)."""
    found, labels = part(a, b), a.batch.labels
    moved, S = found.moved, a.batch.S
    split = np.bincount(found.split, minlength=len(Split))
    most = int(np.where(found.step > 0, moved, -1).argmax())
    return DivergenceSummary(
        (a.policy.name, b.policy.name),
        S,
        np.bincount(found.step),
        Counter({s.name.lower(): int(split[s]) for s in Split if s and split[s]}),
        int((moved > 0).sum()),
        int(moved.sum()),
        _by_name(found, labels.jobs),
        _example(found, most, int(scenario[most]), labels) if found.step[most] else None,
    )


def _by_name(found: Partings, names: NDArray[np.object_]) -> Counter[str]:
    change = found.change
    if len(names) == 1:
        totals = zip(names[0].tolist(), change.sum(axis=0, dtype=np.int64).tolist(), strict=True)
    else:
        place = np.nonzero(change)
        totals = zip(names[place].tolist(), change[place].tolist(), strict=True)
    counted = Counter[str]()
    for name, total in totals:
        counted[name] += total
    del counted[""]  # padding
    return counted


def _example(found: Partings, row: int, scenario: int, labels: Labels) -> Example:
    names = labels.jobs_of(row)

    def job(index: int) -> str | None:
        return names[index] if index >= 0 else None

    (loser, lost), (gainer, gained) = (
        (job(int(who[row])), int(amount[row])) for who, amount in map(found.most, (-1, 1))
    )
    return Example(
        scenario=scenario,
        pool=labels.pool_of(row) if labels.several_pools else None,
        step=int(found.step[row]),
        split=Split(found.split[row]).name.lower(),
        chosen=(job(int(found.a.chosen[row])), job(int(found.b.chosen[row]))),
        moved=int(found.moved[row]),
        lost_most=loser,
        lost=lost,
        gained_most=gainer,
        gained=gained,
    )
