"""The answer: who is fairer and by how much, what that costs, and when it does not matter."""

from __future__ import annotations

import math
from collections.abc import Iterator

from fairsched_fast.errors import plural
from fairsched_fast.plain_text import joined
from fairsched_fast.report.digits import apart, decimals, index, part, share
from fairsched_fast.report.effects import telling
from fairsched_fast.report.facts import GAP, JAIN, SMALLEST, Facts
from fairsched_fast.report.naming import plain
from fairsched_fast.report.swept import setting_words
from fairsched_fast.report.tally import Figures
from fairsched_fast.report.words import effect, ends, matters
from fairsched_fast.result import STOP_SENTENCES, StopReason

ALIKE = 0.01
"""Policies are alike whose means are shown as the same, and that differ in fewer of the runs."""

_RESOURCES = 3  # told one by one
_NAMED = 4  # policies


def answer(facts: Facts) -> list[str]:
    """Sentences, made from the figures alone."""
    figures = facts.figures
    if figures is None:
        return ["There is nothing to say yet: no scenario's figures are here."]
    if math.isnan(figures.mean(facts.lead.name, facts.best)):
        return ["No run has a measure of fairness, so there is nothing to say of it."]
    told = _Answer(facts, figures)
    if len(facts.policies) == 1:
        return [told.alone(), told.given_alone(), *told.where()]
    if not facts.results.manifest.get("differing", 1):
        return [told.no_difference(), told.nothing_to_decide()]
    return [told.fairest(), told.cost(), *told.runner_up(), " ".join(told.when())]


class _Answer:
    """Sentences about figures that are there."""

    def __init__(self, facts: Facts, figures: Figures) -> None:
        self.facts, self.figures = facts, figures
        self.one = figures.runs == 1
        self.average = "" if self.one else " on average"
        self.a_run = "" if self.one else " a run"
        self.best, self.beside = self._name(facts.best), self._name(facts.beside)

    def _name(self, policy: int) -> str:
        return plain(self.facts.policies[policy])

    def _lead(self, policy: int, beside: int | None = None) -> str:
        """What the measure comes to by which fairness is judged, then the other one."""
        ends_of = "the largest and the smallest dominant share of a pool end"
        gaps, jains = self._both(GAP, policy, beside), self._both(JAIN, policy, beside)
        under = "" if beside is None else f" under {self._name(beside)}"
        if self.facts.lead.name == GAP:
            mean, *other = map(apart, gaps)
            against = f", against {other[0]}{under}" if other else ""
            more = " against ".join(map(index, jains))
            return f"{ends_of} {mean} apart{self.average}{against} (Jain's index: {more})"
        mean, *other = map(index, jains)
        against = f", against {other[0]}{under}" if other else ""
        more = " against ".join(map(apart, gaps))
        return (
            "Jain's index of dominant share / weight, by which fairness is judged because weights "
            f"may differ, is {mean}{self.average}{against} (the gap between plain dominant shares, "
            f"which weights may well open: {more})"
        )

    def _both(self, measure: str, policy: int, beside: int | None) -> list[float]:
        shown = [policy] if beside is None else [policy, beside]
        return [self.figures.mean(measure, p) for p in shown]

    def alone(self) -> str:
        """Of a policy that nothing is compared with."""
        return f"Under {self.best}, {self._lead(0)}."

    def given_alone(self) -> str:
        """What it gives."""
        given = self._executors(0)
        return f"It hands out {given} executors{self.a_run}{self.average}{self._use(0)}."

    def _executors(self, policy: int) -> str:
        given = self.figures.mean("steps", policy)
        return f"{given:,.0f}" if self.one else f"{given:,.1f}"

    def _use(self, policy: int) -> str:
        """How much of the resources is in use, as the end of a sentence."""
        found = [
            (self.figures.mean(column.utilization, policy), plain(column.resource))
            for column in self.facts.resources
        ]
        told = [f"{share(used)} of {name}" for used, name in found if not math.isnan(used)]
        if not told:
            return ""
        more = f" and of {len(told) - _RESOURCES} more" if len(told) > _RESOURCES else ""
        return f", with {joined(told[:_RESOURCES])}{more} in use at the end"

    def no_difference(self) -> str:
        """Where every run is the same under each policy."""
        where = "" if self.one else "in every run they give the same; "
        return f"The policies do not differ here: {where}{self._lead(0)}."

    def nothing_to_decide(self) -> str:
        """Why they do not."""
        ended = StopReason(int(self.figures.stops.sum(axis=0).argmax()))
        runs = "The run ends" if self.one else "Most runs end"
        return (
            f"{runs} because {STOP_SENTENCES[ended]}, and there is nothing to decide: other "
            "capacities, ceilings or numbers of executors would give the policies a choice."
        )

    def fairest(self) -> str:
        """Who is fairest, or that nobody is."""
        facts, P = self.facts, len(self.facts.policies)
        if len(facts.level) == P:
            both = "Both" if P == 2 else f"All {P}"
            return f"{both} policies are equally fair: {self._lead(facts.best)}. {self._level()}"
        lead = self._lead(facts.best, facts.beside)
        if len(facts.level) == 1:
            many = P > 2
            rank = f"the fairest of the {P} policies" if many else f"fairer than {self.beside}"
            return f"{self.best} is {rank}: {lead}."
        names = joined(self._names(facts.level))
        return f"{names} are the fairest of the {P} policies: {lead}. {self._level()}"

    def _names(self, policies: tuple[int, ...]) -> list[str]:
        rest = len(policies) - _NAMED
        names = [self._name(p) for p in policies[:_NAMED]]
        return [*names, f"{rest} more"] if rest > 0 else names

    def _level(self) -> str:
        """How far those that are level on average are from being alike."""
        facts, best = self.facts, self.facts.best
        apart_by = [
            (int(self.figures.fairer[best, p] + self.figures.fairer[p, best]), p)
            for p in facts.level
            if p != best
        ]
        most, whom = max(apart_by, key=lambda told: told[0])
        runs = int(self.figures.judged[best, whom])
        within = f"by less than {facts.least_shown}{self.average}"
        if not runs:
            return f"They differ {within}."
        if not most:
            return "They are alike: each run is as fair under one as under another."
        pair = f"{self.best} and {self._name(whom)}"
        rest = f"{within}, and {pair} in {part(most, runs)} of {plural(runs, 'run')}"
        if most < ALIKE * runs:
            return f"They are alike: they differ {rest}."
        return f"They differ {rest}: now one is fairer, now the other."

    def cost(self) -> str:
        """What the fairest costs in executors and use, beside the other."""
        mine, theirs = self._both("steps", self.facts.best, self.facts.beside)
        equal = abs(mine - theirs) <= 1e-9 * max(theirs, 1)
        best, other, each = self.best, self.beside, self._executors(self.facts.best)
        if equal:
            given = f"{best} and {other} hand out as many executors, {each}{self.a_run}"
        else:
            by = f"{100 * abs(mine - theirs) / theirs:.2g}% " if theirs else ""
            more = "more" if mine > theirs else "fewer"
            instead = self._executors(self.facts.beside)
            given = (
                f"{best} hands out {by}{more} executors, {each}{self.a_run} instead of {instead}"
            )
        uses = self._uses()
        better = self._better(self.facts.beside, (SMALLEST,))
        still = f" In return, {other} {joined(better)}." if better else ""
        if uses:
            return f"{given}{f'; {best}' if equal else ', and'} uses {joined(uses)}.{still}"
        free = "That costs no executors: " if equal and len(self.facts.level) == 1 else ""
        return f"{free}{given}{self._use(self.facts.best)}.{still}"

    def _uses(self) -> list[str]:
        """Which resources it uses more of, or less, the largest difference first."""
        changed = [
            (mine - theirs, plain(c.resource))
            for c in self.facts.resources
            for mine, theirs in [self._both(c.utilization, self.facts.best, self.facts.beside)]
            if abs(mine - theirs) >= 0.0005  # a twentieth of a point is shown as nothing
        ]
        changed.sort(key=lambda told: -abs(told[0]))
        return [
            f"{apart(abs(by))} {'more' if by > 0 else 'less'} of {name}"
            for by, name in changed[:_RESOURCES]
        ]

    def runner_up(self) -> Iterator[str]:
        """The next fairest, where it has not been told of, and in what it is ahead."""
        after, lead = self.facts.next_best, self.facts.lead.name
        if after is None or after == self.facts.beside:
            return
        mean = self.figures.mean(lead, after)
        known = f"a gap of {apart(mean)}" if lead == GAP else f"an index of {index(mean)}"
        ahead = self._better(after, (GAP, JAIN, "steps", SMALLEST))
        told = f"; it {joined(ahead)}" if ahead else "; of what is told here it is ahead in nothing"
        yield f"Next comes {self._name(after)} ({known}{self._won(after)}){told}."

    def _won(self, other: int) -> str:
        best, figures = self.facts.best, self.figures
        runs = int(figures.judged[best, other])
        if not runs or self.one:
            return ""
        return f", less fair in {part(int(figures.fairer[best, other]), runs)} of the runs"

    def _better(self, rival: int, names: tuple[str, ...]) -> list[str]:
        """In which of these measures a policy is ahead of the fairest, by as much as is shown."""
        found = []
        for name in names:
            mine, theirs = self._both(name, self.facts.best, rival)
            if name == self.facts.lead.name or math.isnan(mine - theirs):
                continue
            if name == "steps" and theirs > mine + 0.05:
                by = f"{100 * (theirs - mine) / mine:.2g}% " if mine else ""
                against = f"{decimals(theirs, 1)}{self.a_run} against {decimals(mine, 1)}"
                found.append(f"gives {by}more executors ({against})")
            if name == GAP and theirs < mine - 0.0005:
                found.append(f"has the smaller gap ({apart(theirs)} against {apart(mine)})")
            if name == JAIN and theirs > mine + 0.0005:
                found.append(f"has the higher Jain's index ({index(theirs)} against {index(mine)})")
            if name == SMALLEST and theirs > mine + 0.0005:
                against = f"{share(theirs)} against {share(mine)}"
                found.append(f"leaves the least-served job a larger share ({against})")
        return found

    def when(self) -> Iterator[str]:
        """In how many runs it makes a difference, and where it makes most."""
        best, other = self.facts.best, self.facts.beside
        fairer, runs = self.figures.fairer, int(self.figures.judged[best, other])
        if self.one:
            yield "This is one run, which says nothing of others."
            return
        if runs and len(self.facts.level) < len(self.facts.policies):
            wins, losses = int(fairer[best, other]), int(fairer[other, best])
            equal = runs - wins - losses
            told = [f"in {part(wins, runs)} of {plural(runs, 'run')}"]
            told += [f"as fair in {part(equal, runs)}"] if equal else []
            told += [f"less fair in {part(losses, runs)}"] if losses else []
            yield f"{self.best} is fairer than {self.beside} {joined(told)}."
        yield from self.where()

    def where(self) -> Iterator[str]:
        """The setting that matters most: where the effect is least, and where it is most."""
        facts = self.facts
        found = telling(facts)
        if not found:
            return
        path, by_level = found[0]
        labels, name = facts.levels[path].labels(), setting_words(path)
        if not matters(facts, by_level):
            yield "No setting that is swept over changes that."
            return
        least, most = ends(facts, by_level)
        low, high = (effect(facts, float(by_level[place])) for place in (least, most))
        several = len(facts.policies) > 1
        subject = "The choice matters least" if several else "The measure is lowest"
        other = "most" if several else "highest"
        yield (
            f"{subject} where {plain(name)} is {labels[least]} ({low}), and {other} where it is "
            f"{labels[most]} ({high})."
        )
