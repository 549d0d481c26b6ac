"""Why a job of a finished sweep was not served: at one step, or at every step for one job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fairsched_fast.comparing.before_after import pools_of
from fairsched_fast.errors import InputError, did_you_mean
from fairsched_fast.plain_text import cut_names, section, table
from fairsched_fast.result import STOP_SENTENCES, Result
from fairsched_fast.sweep.results.explain import records, runs_of
from fairsched_fast.sweep.results.opened import Results
from fairsched_fast.why.reasons import reasons_at, reasons_of_job

if TYPE_CHECKING:
    import pandas as pd


def why_not(
    results: Results,
    i: int,
    policies: str | None = None,
    step: int | None = None,
    job: str | None = None,
    width: int | None = None,
) -> str:
    """For people: every job's reason at a step of scenario i, or one job's at all its steps.

    Parameters
    ----------
    results, i, policies, width
        As `explain`.
    step, job
        One of them or both; a step from 1.

    Raises
    ------
    InputError
        As `explain`; on a step below 1, or an unknown job.
    """
    told = []
    for run, row, pool in _asked(results, i, policies, step, job):
        place = f" in pool {pool}" if run.batch.S > 1 else ""
        shown = _reasons(run, row, step, job)
        words = dict.fromkeys(shown.columns.intersection(["why", "decided_by"]), str)
        body = table(cut_names(shown.round(3).astype(words), width)) + _after(run, row, step)
        what = f"step {step}" if job is None else f"why not {job}"
        told.append(section(f"SCENARIO {i}, {run.policy.name}{place}: {what}", body))
    return "\n\n".join(told)


def reasons(
    results: Results,
    i: int,
    policies: str | None = None,
    step: int | None = None,
    job: str | None = None,
) -> list[dict[str, Any]]:
    """The same for a program: for each policy and pool its rows; what is missing is None."""
    return [
        {
            "policy": run.policy.name,
            "pool": pool,
            "reasons": records(_reasons(run, row, step, job)),
        }
        for run, row, pool in _asked(results, i, policies, step, job)
    ]


def _asked(
    results: Results, i: int, policies: str | None, step: int | None, job: str | None
) -> Iterator[tuple[Result, int, str]]:
    """The runs and rows that are asked about: all pools, or the job's."""
    if step is not None and step < 1:
        raise InputError(f"--step is {step}; expected a step, a whole number from 1")
    for run in runs_of(results, i, policies):
        rows = [set(run.batch.job_names(row)) - {""} for row in range(run.batch.S)]
        known = set().union(*rows)
        if job is not None and job not in known:
            raise InputError(f"--job is {job!r}{did_you_mean(job, known)}")
        for row, pool in enumerate(pools_of(run)):
            if job is None or job in rows[row]:
                yield run, row, pool


def _reasons(run: Result, row: int, step: int | None, job: str | None) -> pd.DataFrame:
    if step is None:
        assert job is not None
        return reasons_of_job(run, job, row)
    at = reasons_at(run, step, row)
    return at if job is None else at[at["job"] == job].reset_index(drop=True)


def _after(run: Result, row: int, step: int | None) -> str:
    """Why there is no such step, where the run had ended."""
    if step is None or step <= (steps := int(run.steps[row])):
        return ""
    return f"\nThe run had ended after {steps:,} steps: {STOP_SENTENCES[run.stop_reason(row)]}."
