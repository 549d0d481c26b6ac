"""Scenarios that stand out, run again: their settings, and who got each executor and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast import tables
from fairsched_fast.before_after import pools_of
from fairsched_fast.errors import InputError
from fairsched_fast.report.facts import Facts
from fairsched_fast.report.naming import cut, plain
from fairsched_fast.report.ranking import Run
from fairsched_fast.report.swept import setting_words
from fairsched_fast.result import STOP_SENTENCES, Result

STEPS = 60
"""Steps of a log that are shown."""

_BARS = 12  # jobs that have a bar
_REASON = 220  # letters
_SETTINGS = 40


@dataclass(frozen=True, slots=True)
class Bar:
    """A job's dominant share before the first step, and at the end."""

    job: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Step:
    """A row of a log; `bar` is the job's bar, None where it has none."""

    number: int
    job: str
    bar: int | None
    reason: str
    before: float
    after: float
    executors: int


@dataclass(frozen=True, slots=True)
class Log:
    """A run under a policy."""

    policy: str
    given: int
    ended: str
    bars: tuple[Bar, ...]
    others: int  # jobs without a bar
    steps: tuple[Step, ...]
    order: NDArray[np.object_]  # (N,) names of who was given each executor


@dataclass(frozen=True, slots=True)
class Scene:
    """A scenario that stands out, and why."""

    title: str
    scenario: int
    pool: str
    settings: tuple[tuple[str, str, str], ...]  # words, path, value
    logs: tuple[Log, ...]
    jobs: tuple[str, ...]
    top: float  # the largest share that is drawn


def scenes(facts: Facts) -> Iterator[Scene]:
    """The scenario in which the choice matters most, the least and the most fair one."""
    if facts.extremes is None or facts.sweep is None or not facts.figures:
        return
    best = facts.best
    label = plain(facts.policies[best])
    told = [
        (facts.extremes.least[best], f"Least fair under {label}"),
        (facts.extremes.most[best], f"Most fair under {label}"),
    ]
    if len(facts.policies) > 1:
        pair = max(best, facts.beside)
        told.insert(0, (facts.extremes.apart[pair], "Where the choice matters most"))
    seen: dict[tuple[int, int], str] = {}
    for ranking, title in told:
        for run in ranking[:1]:
            place = run.scenario, run.pool
            if place not in seen and (title != told[0][1] or run.key or len(told) < 3):
                seen[place] = title
    for (scenario, pool), title in seen.items():
        try:
            yield _scene(facts, title, Run(0, 0, scenario, pool))
        except InputError as error:
            facts.unreadable = facts.unreadable or str(error)
            return


def _scene(facts: Facts, title: str, run: Run) -> Scene:
    pool = facts.pools[run.pool]
    which = sorted({facts.beside, facts.best})
    results = [facts.results.result(run.scenario, facts.policies[p]) for p in which]
    row = pools_of(results[0]).index(pool)
    jobs = [name for name in results[0].batch.job_names(row) if name]
    barred = _barred(results, row)
    logs = tuple(_log(result, row, pool, barred) for result in results)
    top = max((bar.end for log in logs for bar in log.bars), default=0.0)
    settings = facts.results.settings(run.scenario)
    told = [(setting_words(path), path, _value(value)) for path, value in settings.items()]
    return Scene(
        title, run.scenario, pool, tuple(told[:_SETTINGS]), logs, tuple(jobs), max(top, 1e-9)
    )


def _barred(results: list[Result], row: int) -> list[int]:
    """Jobs that have a bar: all of a few, of many those that were given most."""
    names = results[0].batch.job_names(row)
    real = [j for j, name in enumerate(names) if name]
    given = sum(result.granted[row].astype(np.int64) for result in results)
    most = sorted(real, key=lambda j: (-int(np.asarray(given)[j]), names[j]))[:_BARS]
    return sorted(most, key=lambda j: names[j])


def _log(result: Result, row: int, pool: str, barred: list[int]) -> Log:
    assert result.choices is not None
    first = replace(
        result,
        steps=np.minimum(result.steps, STEPS).astype(np.int32),
        choices=result.choices[:, :STEPS],
    )
    names = result.batch.job_names(row)
    start = result.batch.rows(row, row + 1)
    held = tables.metrics.dominant_share(start, np.zeros((start.J, 1), np.int64))[:, 0]
    end = result.dominant_share[row]
    place = {names[j]: bar for bar, j in enumerate(barred)}
    frame = tables.step_log(first, pool=pool)
    steps = [
        Step(
            int(told.step),
            told.allocated_to,
            place.get(told.allocated_to),
            cut(told.reason, _REASON),
            float(told.dominant_share_before),
            float(told.dominant_share_after),
            int(told.total_execs_for_job),
        )
        for told in frame.itertuples()
    ]
    order = np.array(names, object)[result.choices[row, : result.steps[row]]]
    return Log(
        policy=result.policy.name,
        given=int(result.steps[row]),
        ended=STOP_SENTENCES[result.stop_reason(row)],
        bars=tuple(Bar(names[j], float(held[j]), float(end[j])) for j in barred),
        others=sum(map(bool, names)) - len(barred),
        steps=tuple(steps),
        order=order,
    )


def _value(value: Any) -> str:
    return "none" if value is None else f"{value:,.12g}"
