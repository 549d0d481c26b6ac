"""Scenarios that stand out, run again: their settings, and who got each executor and why."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast import metrics
from fairsched_fast.comparing.before_after import pools_of
from fairsched_fast.errors import InputError
from fairsched_fast.plain_text import cut, visible
from fairsched_fast.report.facts import Facts
from fairsched_fast.report.naming import plain
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
    command: str  # that tells all of it


def scenes(facts: Facts) -> Iterator[Scene]:
    """The scenario in which the choice matters most, the least and the most fair one."""
    if facts.sweep is None:
        return
    for run, title in _standing_out(facts).items():
        try:
            yield _scene(facts, title, *run)
        except InputError as error:  # a jobs' table that has gone since
            facts.unreadable = str(error)
            return


def _standing_out(facts: Facts) -> dict[tuple[int, str], str]:
    """(Scenario, pool) → why it stands out; one that does so twice is told of once."""
    if facts.extremes is None:
        return {}
    best, found = facts.best, dict[tuple[int, str], str]()
    label = plain(facts.policies[best])
    if facts.scenarios == len(facts.pools) == 1:
        return {(run.scenario, facts.pools[0]): "The run" for run in facts.extremes.least[best][:1]}
    told = [
        ("Where the choice matters most", facts.extremes.apart[max(best, facts.beside)]),
        (f"Least fair under {label}", facts.extremes.least[best]),
        (f"Most fair under {label}", facts.extremes.most[best]),
    ]
    for title, ranking in told[0 if any(run.key for run in told[0][1]) else 1 :]:
        for run in ranking[:1]:
            place = run.scenario, facts.pools[run.pool]
            also = title[0].lower() + title[1:]
            found[place] = f"{found[place]}, and {also}" if place in found else title
    return found


def _scene(facts: Facts, title: str, scenario: int, pool: str) -> Scene:
    which = sorted({facts.beside, facts.best})
    results = [facts.results.result(scenario, facts.policies[p]) for p in which]
    row = pools_of(results[0]).index(pool)
    jobs = [visible(name) for name in results[0].batch.job_names(row) if name]
    barred = _barred(results, row)
    logs = tuple(_log(result, row, pool, barred) for result in results)
    top = max((bar.end for log in logs for bar in log.bars), default=0.0)
    settings = facts.results.settings(scenario)
    told = [(setting_words(path), path, _value(value)) for path, value in settings.items()]
    command = _command(facts, scenario, [facts.policies[p] for p in which])
    return Scene(
        title, scenario, pool, tuple(told[:_SETTINGS]), logs, tuple(jobs), max(top, 1e-9), command
    )


def _command(facts: Facts, scenario: int, policies: list[str]) -> str:
    """How the terminal tells of it, under the same policies where a sweep has more of them."""
    chosen = len(policies) == 2 and len(facts.policies) > 2
    some = f" --policies {shlex.quote(','.join(policies))}" if chosen else ""
    return visible(f"fairsched explain DIR {scenario}{some}")


def _barred(results: list[Result], row: int) -> list[int]:
    """Jobs that have a bar: all of a few, of many those that were given most."""
    names = results[0].batch.job_names(row)
    real = [j for j, name in enumerate(names) if name]
    given = sum(result.granted[row].astype(np.int64) for result in results)
    most = sorted(real, key=lambda j: (-int(np.asarray(given)[j]), names[j]))[:_BARS]
    return sorted(most, key=lambda j: names[j])


def _log(result: Result, row: int, pool: str, barred: list[int]) -> Log:
    assert result.choices is not None
    names, steps = result.batch.job_names(row), int(result.steps[row])
    start = result.batch.rows(row, row + 1)
    held = metrics.dominant_share(start, np.zeros((start.J, 1), np.int64))[:, 0]
    end = result.dominant_share[row]
    return Log(
        policy=result.policy.name,
        given=steps,
        ended=STOP_SENTENCES[result.stop_reason(row)],
        bars=tuple(Bar(names[j], float(held[j]), float(end[j])) for j in barred),
        others=sum(map(bool, names)) - len(barred),
        steps=tuple(_steps(result, pool, {names[j]: bar for bar, j in enumerate(barred)})),
        order=np.array([visible(name) for name in names], object)[result.choices[row, :steps]],
    )


def _steps(result: Result, pool: str, bars: dict[str, int]) -> Iterator[Step]:
    """The first steps of a pool; `bars` has the place of each job's bar."""
    assert result.choices is not None
    first = replace(
        result,
        steps=np.minimum(result.steps, STEPS).astype(np.int32),
        choices=result.choices[:, :STEPS],
    )
    for told in first.step_log(pool=pool).to_dict("records"):
        job = str(told["allocated_to"])
        yield Step(
            int(told["step"]),
            job,
            bars.get(job),
            cut(visible(str(told["reason"])), _REASON),
            float(told["dominant_share_before"]),
            float(told["dominant_share_after"]),
            int(told["total_execs_for_job"]),
        )


def _value(value: Any) -> str:
    return "none" if value is None else f"{value:,.12g}"
