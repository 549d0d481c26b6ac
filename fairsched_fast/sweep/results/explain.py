"""One scenario of a finished sweep, explained: its settings, each step, what differs, its audit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

import pandas as pd

from fairsched_fast import story, tables
from fairsched_fast.auditing.fair_shares import fair_shares
from fairsched_fast.auditing.report import audit
from fairsched_fast.auditing.words import in_words
from fairsched_fast.model import Job, Scenario, demand_of
from fairsched_fast.number_rules import JOB_NUMBERS, JOB_QUANTITIES
from fairsched_fast.plain_text import (
    align,
    cut_names,
    cuts,
    listed,
    section,
    table,
    visible,
    without_nan,
    wrapped,
)
from fairsched_fast.result import Result
from fairsched_fast.sweep import listed_policies
from fairsched_fast.sweep.results.opened import Results

_NOBODY = "–"  # in the column of users
_BLANK: dict[str, Any] = {  # what a job has that does not say
    **{field.name: field.default for field in fields(Job)},
    **dict.fromkeys(("usage", "demand", "guarantee"), 0),
    "limit": None,
    "user": _NOBODY,
}
_FAIR_SHARE = (
    "granted: executors given in this run; fluid: the same if executors could be divided.",
    "runs: executors that all the job holds is worth; own_part: what its own part of the pool, by "
    "weight, would run of those it can use.",
)


def explain(
    results: Results,
    i: int,
    policies: str | None = None,
    detail: bool = False,
    width: int | None = None,
) -> str:
    """For people: the settings of scenario i, its step log under each policy, what differs, audit.

    Parameters
    ----------
    results, i
        The sweep's results, and a scenario's id.
    policies
        "a,b,c", each set against the first; None is the sweep's own.
    detail
        Whether to say of each step over whom it was won and why, and who is out of the running.
    width
        Columns of the screen that step logs and names are cut to; None leaves all whole.

    Raises
    ------
    InputError
        As `Results.result`, or on a policy that is unknown or given twice.
    """
    row, scenario = results.row(i), results.scenario(i)
    runs = runs_of(results, i, policies)
    told = [f"{name} = {_text(value)}" for name, value in results.settings(i).items()]
    shown = [run.policy.name for run in runs]
    others = [name for name in results.sweep.policy_names if name not in shown]
    heading = f"SCENARIO {i} OF {results.name}: block {row.block}, repeat {row.repeat[0]}"
    if others:
        told.append(f"It was also run under {', '.join(others)}: see --policies.")
    return "\n\n".join(
        [
            section(heading, "\n".join(map(visible, told)) or "Nothing is swept over."),
            section("POOLS", _rows_told(pool_rows(scenario), (0, 1), width)),
            section("JOBS", _rows_told(job_rows(scenario), (0,), width)),
            *_of_users(scenario),
            *_stories(runs, detail, width),
            section("FAIR SHARE", "\n".join(_fair_shares(runs, width))),
            section("AUDIT", "\n".join(line for run in runs for line in _audited(run))),
        ]
    )


def runs_of(results: Results, i: int, policies: str | None) -> list[Result]:
    """Scenario i under the policies asked for; None is all of the sweep's."""
    sweep = results.sweep
    chosen = sweep.policies if policies is None else listed_policies(sweep, policies)
    return [results.result(i, policy) for policy in chosen]


def _stories(runs: Sequence[Result], detail: bool, width: int | None) -> Iterator[str]:
    """Each run, then what differs from the first. Two are a story: before and after."""
    first, *others = runs
    if len(others) == 1:
        yield story.render(first, others[0], detail, width).rstrip("\n")
        return
    for run in runs:
        yield from story.run_sections(run, run.policy.name, detail, width)
    for run in others:
        words = f"{run.policy.name} − {first.policy.name}"
        yield from story.change_sections(first, run, words, width)


def _fair_shares(runs: Sequence[Result], width: int | None) -> Iterator[str]:
    """Job by job under each policy, and what the columns are."""
    tables = [fair_shares(run) for run in runs]
    for run, shares in zip(runs, tables, strict=True):
        shares.insert(0, "policy", run.policy.name)
    shares = pd.concat(tables, ignore_index=True)
    if shares["pool"].nunique() == 1:
        shares = shares.drop(columns="pool")
    yield table(cut_names(shares.round(2), width))
    yield wrapped(_FAIR_SHARE, width)


def _of_users(scenario: Scenario) -> Iterator[str]:
    """Users who are capped; nothing where nobody is."""
    if scenario.user_caps:
        yield section("USER CAPS", _rows_told(user_rows(scenario), (0, 3), None))


def explanation(
    results: Results, i: int, policies: str | None = None, detail: bool = False
) -> dict[str, Any]:
    """The same for a program; as `explain`. With `detail` step logs have all its columns."""
    row, runs = results.row(i), runs_of(results, i, policies)
    return {
        "sweep": results.name,
        "scenario": i,
        "block": row.block,
        "repeat": int(row.repeat[0]),
        "swept": results.settings(i),
        "settings": asdict(results.scenario(i)),
        "runs": [_run(result, detail) for result in runs],
        "difference": [row for after in runs[1:] for row in _differences(runs[0], after)],
    }


def _differences(before: Result, after: Result) -> list[dict[Any, Any]]:
    """What each job has more of, and of which two policies that is."""
    sides = {"policy": after.policy.name, "baseline": before.policy.name}
    return [{**sides, **row} for row in tables.change(before, after).to_dict("records")]


def _audited(result: Result) -> Iterator[str]:
    """The audit of each pool, a finding a line."""
    for record in audit(result).to_dict("records"):
        row = {str(name): value for name, value in record.items()}
        pool = f" in {row['pool']}" if "pool" in row else ""
        yield visible(f"{result.policy.name}{pool}:")
        yield from (visible(f"  {finding}") for finding in in_words(row))


def _run(result: Result, detail: bool) -> dict[str, Any]:
    pools = [result.batch.pool_name(row) for row in range(result.batch.S)]
    return {
        "policy": result.policy.name,
        "steps": dict(zip(pools, result.steps.tolist(), strict=True)),
        "stop": {pool: result.stop_reason(row).name for row, pool in enumerate(pools)},
        "step_log": records(result.step_log(detail=detail)),
        "summary": result.summary().to_dict("records"),
        "fair_share": records(fair_shares(result)),
        "audit": records(audit(result)),
    }


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON has them."""
    return [without_nan(row) for row in frame.to_dict("records")]


def pool_rows(scenario: Scenario) -> list[list[str]]:
    """One row per pool and resource, below a header: how much there is, what jobs hold of it."""
    rows = [["pool", "resource", "capacity", "held", "extra_executors"]]
    for pool in scenario.pools:
        for resource, amount in pool.capacity.items():
            held = sum(job.usage.get(resource, 0) for job in scenario.jobs_of(pool))
            figures = (amount, float(f"{held:.12g}"), scenario.extra_executors[pool.name])
            rows.append([pool.name, resource, *map(_text, figures)])
    return rows


def user_rows(scenario: Scenario) -> list[list[str]]:
    """One row per user with a cap, below a header: the cap holds in each pool by itself."""
    rows = [["user", "cap", "executors held", "jobs"]]
    for user, cap in scenario.user_caps.items():
        jobs = [job for job in scenario.jobs if job.user == user]
        held = sum(job.executors for job in jobs)
        rows.append([user, str(cap), str(held), listed([job.name for job in jobs]) or _NOBODY])
    return rows


def _rows_told(rows: list[list[str]], left: tuple[int, ...], width: int | None) -> str:
    """Rows below a header; on a screen names are cut, and told whole below."""
    if width is None:
        return "\n".join(align(rows, left))
    shorter = cuts(cell for row in rows for cell in row)
    lines = align([[shorter.get(cell, cell) for cell in row] for row in rows], left)
    return "\n".join([*lines, *(visible(f"{cut} is {name}") for name, cut in shorter.items())])


def job_rows(scenario: Scenario) -> list[list[str]]:
    """One row per job, below a header; what no job states is left out."""
    resources = dict.fromkeys(r for pool in scenario.pools for r in pool.capacity)
    members = [(pool, job) for pool in scenario.pools for job in scenario.jobs_of(pool)]
    columns: dict[str, list[Any]] = {
        "job": [job.name for _, job in members],
        "pool": [pool.name for pool, _ in members] if len(scenario.pools) > 1 else [],
        "user": [job.user or _NOBODY for _, job in members] if _has_users(scenario) else [],
    }
    for name in JOB_QUANTITIES:
        blank = _BLANK[name]
        stated = [
            demand_of(job, pool) if name == "demand" else getattr(job, name)
            for pool, job in members
        ]
        for resource in resources:
            columns[f"{name}.{resource}"] = [amounts.get(resource, blank) for amounts in stated]
    columns |= {name: [getattr(job, name) for _, job in members] for name in JOB_NUMBERS}
    told = {
        name: values
        for name, values in columns.items()
        if any(value != _BLANK.get(name.partition(".")[0]) for value in values)
    }
    return [[*told], *([_text(value) for value in row] for row in zip(*told.values(), strict=True))]


def _has_users(scenario: Scenario) -> bool:
    return any(job.user is not None for job in scenario.jobs)


def _text(value: Any) -> str:
    """A cell: numbers to the last digit, 5.0 as 5."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "none" if value is None else str(value)
