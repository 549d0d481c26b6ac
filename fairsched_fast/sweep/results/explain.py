"""One scenario of a finished sweep, explained: its settings, each step, what differs, its audit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields
from math import isfinite
from typing import Any

from fairsched_fast import story, tables
from fairsched_fast.auditing.report import audit
from fairsched_fast.auditing.words import in_words
from fairsched_fast.model import Job, Scenario, demand_of
from fairsched_fast.number_rules import JOB_NUMBERS, JOB_QUANTITIES
from fairsched_fast.plain_text import section
from fairsched_fast.result import Result
from fairsched_fast.sweep import story_policies
from fairsched_fast.sweep.results.opened import Results
from fairsched_fast.plain_text import align

_BLANK: dict[str, Any] = {  # what a job has that does not say
    **{field.name: field.default for field in fields(Job)},
    **dict.fromkeys(("usage", "demand", "guarantee"), 0),
    "limit": None,
}


def explain(results: Results, i: int, policies: str | None = None, detail: bool = False) -> str:
    """For people: the settings of scenario i, its step logs under two policies, story and audit.

    Parameters
    ----------
    results, i
        The sweep's results, and a scenario's id.
    policies
        "before,after"; None is the sweep's two, or its first and last.
    detail
        Whether to say of each step over whom it was won and why, and who is out of the running.

    Raises
    ------
    InputError
        As `Results.result`, or when two policies are not given.
    """
    row, scenario = results.row(i), results.scenario(i)
    before, after = _sides(results, i, policies)
    told = [f"{name} = {_text(value)}" for name, value in results.settings(i).items()]
    others = [name for name in results.sweep.policy_names if name not in _names(before, after)]
    heading = f"SCENARIO {i} OF {results.name}: block {row.block}, repeat {row.repeat[0]}"
    more = f"\nIt was also run under {', '.join(others)}: see --policies." if others else ""
    return "\n\n".join(
        [
            section(heading, ("\n".join(told) or "Nothing is swept over.") + more),
            section("POOLS", "\n".join(align(pool_rows(scenario), left=(0, 1)))),
            section("JOBS", "\n".join(align(job_rows(scenario), left=(0,)))),
            story.render(before, after, detail).rstrip("\n"),
            section("AUDIT", "\n".join([*_audited(before), *_audited(after)])),
        ]
    )


def explanation(
    results: Results, i: int, policies: str | None = None, detail: bool = False
) -> dict[str, Any]:
    """The same for a program; as `explain`. With `detail` step logs have all its columns."""
    row, sides = results.row(i), _sides(results, i, policies)
    return {
        "sweep": results.name,
        "scenario": i,
        "block": row.block,
        "repeat": int(row.repeat[0]),
        "swept": results.settings(i),
        "settings": asdict(results.scenario(i)),
        "runs": [_run(result, detail) for result in sides],
        "difference": tables.difference(*sides).to_dict("records"),
    }


def _sides(results: Results, i: int, policies: str | None) -> tuple[Result, Result]:
    before, after = story_policies(results.sweep, policies)
    return results.result(i, before), results.result(i, after)


def _audited(result: Result) -> Iterator[str]:
    """The audit of each pool, a finding a line."""
    for record in audit(result).to_dict("records"):
        row = {str(name): value for name, value in record.items()}
        pool = f" in {row['pool']}" if "pool" in row else ""
        yield f"{result.policy.name}{pool}:"
        yield from (f"  {finding}" for finding in in_words(row))


def _names(*results: Result) -> list[str]:
    return [result.policy.name for result in results]


def _run(result: Result, detail: bool) -> dict[str, Any]:
    pools = [result.batch.pool_name(row) for row in range(result.batch.S)]
    return {
        "policy": result.policy.name,
        "steps": dict(zip(pools, result.steps.tolist(), strict=True)),
        "stop": {pool: result.stop_reason(row).name for row, pool in enumerate(pools)},
        "step_log": [_json(row) for row in result.step_log(detail=detail).to_dict("records")],
        "summary": result.summary().to_dict("records"),
    }


def _json(row: dict[Any, Any]) -> dict[Any, Any]:
    """A row as JSON has it, in which there is no NaN and nothing infinite."""
    return {
        name: None if isinstance(value, float) and not isfinite(value) else value
        for name, value in row.items()
    }


def pool_rows(scenario: Scenario) -> list[list[str]]:
    """One row per pool and resource, below a header: how much there is, what jobs hold of it."""
    rows = [["pool", "resource", "capacity", "held", "extra_executors"]]
    for pool in scenario.pools:
        for resource, amount in pool.capacity.items():
            held = sum(job.usage.get(resource, 0) for job in scenario.jobs_of(pool))
            figures = (amount, float(f"{held:.12g}"), scenario.extra_executors[pool.name])
            rows.append([pool.name, resource, *map(_text, figures)])
    return rows


def job_rows(scenario: Scenario) -> list[list[str]]:
    """One row per job, below a header; what no job states is left out."""
    resources = dict.fromkeys(r for pool in scenario.pools for r in pool.capacity)
    members = [(pool, job) for pool in scenario.pools for job in scenario.jobs_of(pool)]
    columns: dict[str, list[Any]] = {
        "job": [job.name for _, job in members],
        "pool": [pool.name for pool, _ in members] if len(scenario.pools) > 1 else [],
        "user": [job.user or "–" for _, job in members] if _has_users(scenario) else [],
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
