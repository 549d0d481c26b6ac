"""Results as pandas tables: summary, difference, timeline (`step_log` has a file of its own).

Every table is of the pools asked for; `scenario` and `pool` columns lead where there are several.
Rounded columns are Python's `round(x, 4)`.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairsched_fast import engine, metrics
from fairsched_fast.batch import Batch
from fairsched_fast.columns import resource_columns
from fairsched_fast.errors import InputError, did_you_mean
from fairsched_fast.result import STOP_SENTENCES, Result

PLACES = 4
_LEADING = ("scenario", "pool")
_ROWS_SHOWN = 12
_MOST_ROWS = 10_000  # each is worked out by itself, in about a millisecond


def summary(result: Result, scenario: int | None = None, pool: str | None = None) -> pd.DataFrame:
    """Final allocation of each job, the furthest behind first.

    Columns: job, <resource>_alloc_<unit> and <resource>_share for each resource, dominant_share,
    executors_added (held + granted).

    Raises
    ------
    InputError
        On an unknown scenario or pool.
    """
    return stack(result, scenario, pool, _row_summary)


def timeline(result: Result, scenario: int | None = None, pool: str | None = None) -> pd.DataFrame:
    """Dominant share of each job, a column each, after 0…N steps.

    A job named as another column is (`step`) has `job` and a space put before its name.

    Raises
    ------
    InputError
        On an unknown scenario or pool.
    """
    return stack(result, scenario, pool, _row_timeline)


def difference(before: Result, after: Result) -> pd.DataFrame:
    """What each job has more of after than before: allocations and dominant share.

    A job that one of the two lacks counts as having nothing there.
    """
    for given in (before, after):
        if not isinstance(given, Result):
            raise InputError(f"difference of a {type(given).__name__}; expected two Results")
    first, second = summary(before), summary(after)
    keys = [key for key in _LEADING if key in first.columns or key in second.columns] + ["job"]
    resources = resource_columns(after.batch.labels.resources)
    values = [resource.alloc for resource in resources] + ["dominant_share"]
    if list(first.columns) != list(second.columns):
        raise InputError(
            f"before has columns {list(first.columns)} and after {list(second.columns)}; expected "
            "results of the same pools and resources"
        )
    changed = second.set_index(keys)[values].subtract(first.set_index(keys)[values], fill_value=0)
    return changed.reset_index()


def change(before: Result, after: Result) -> pd.DataFrame:
    """As `difference`, whose shares are differences of rounded ones; here they are rounded last."""
    made = difference(before, after)
    keys = [key for key in (*_LEADING, "job") if key in made.columns]
    first, second = (to_frame(side).set_index(keys)["dominant_share"] for side in (before, after))
    apart = second.subtract(first, fill_value=0).reindex(made.set_index(keys).index)
    return made.assign(dominant_share=rounded(apart.to_numpy()))


def to_frame(result: Result) -> pd.DataFrame:
    """Tidy: one row per scenario and job.

    Columns: scenario, pool (where there are several), job, granted, executors (held + granted),
    dominant_share.
    """
    batch, labels = result.batch, result.batch.labels
    S, J = batch.S, batch.J
    columns: dict[str, Any] = {"scenario": np.repeat(labels.scenario, J)}
    if labels.several_pools:
        columns["pool"] = np.repeat(labels.pool, J)
    columns["job"] = np.broadcast_to(labels.jobs, (S, J)).ravel()
    columns["granted"] = result.granted.ravel()
    columns["executors"] = result.executors.ravel()
    columns["dominant_share"] = result.dominant_share.ravel()
    frame = pd.DataFrame(columns)
    if batch.present is None:
        return frame
    present = np.broadcast_to(batch.present.T, (S, J)).ravel()
    return frame[present].reset_index(drop=True)


def result_html(result: Result) -> str:
    """What a notebook shows: the run in a line, then its first rows."""
    few = result.batch.S <= 2
    frame = summary(result) if few else to_frame(_first_rows(result))
    more = "" if few else f"<p>first of {result.batch.S:,} scenarios</p>"
    ended = f"<p>{STOP_SENTENCES[result.stop_reason()]}</p>" if result.batch.S == 1 else ""
    title = html.escape(repr(result).strip("<>"))
    return f"<p><b>{title}</b></p>{ended}{frame.to_html(index=False)}{more}"


def _first_rows(result: Result) -> Result:
    part = result.batch.rows(0, max(1, min(result.batch.S, _ROWS_SHOWN // result.batch.J)))
    return engine.run(part, result.policy, result.on_full, workers=1)


def stack(
    result: Result,
    scenario: int | None,
    pool: str | None,
    table_of: Callable[[Result], pd.DataFrame],
) -> pd.DataFrame:
    """One table over the rows asked for, each of the result of its row by itself, order kept.

    Raises
    ------
    InputError
        On an unknown scenario or pool, or too many rows.
    """
    labels = result.batch.labels
    rows = list(_rows(result, scenario, pool))
    if len(rows) > _MOST_ROWS:
        raise InputError(
            f"a table of {len(rows):,} scenarios and pools was asked for; expected at most "
            f"{_MOST_ROWS:,}. Name one with scenario=, or use to_frame()"
        )
    tables = []
    for row in rows:
        table = table_of(one_row(result, row))
        if labels.several_pools and pool is None:
            table.insert(0, "pool", result.batch.pool_name(row))
        if labels.several_scenarios and scenario is None:
            table.insert(0, "scenario", labels.scenario[row])
        tables.append(table)
    filled = [table for table in tables if len(table)] or tables[:1]
    return pd.concat(filled, ignore_index=True) if len(filled) > 1 else filled[0]


def _rows(result: Result, scenario: int | None, pool: str | None) -> Iterator[int]:
    batch, labels = result.batch, result.batch.labels
    wanted = np.ones(batch.S, np.bool_)
    if scenario is not None:
        wanted &= labels.scenario == scenario
        if not wanted.any():
            ids = f"{labels.scenario.min()} … {labels.scenario.max()}"
            raise InputError(f"unknown scenario {scenario!r}; expected one of {ids}")
    if pool is not None:
        if pool not in labels.pool:
            raise InputError(f"unknown pool {pool!r}{did_you_mean(pool, set(labels.pool))}")
        wanted &= np.broadcast_to(labels.pool == pool, batch.S)
    yield from np.flatnonzero(wanted).tolist()


def one_row(result: Result, row: int) -> Result:
    """The result of one row by itself, with its order."""
    if result.batch.S == 1 and result.choices is not None:
        return result
    part = result.batch.rows(row, row + 1)
    order = int(result.steps[row])
    return engine.run(part, result.policy, result.on_full, order=order, workers=1)


def present_jobs(batch: Batch) -> NDArray[np.int64]:
    """Indices of a single row's real jobs."""
    return np.arange(batch.J) if batch.present is None else np.flatnonzero(batch.present[:, 0])


def rounded(values: NDArray[np.float64]) -> list[float]:
    return [round(value, PLACES) for value in values.tolist()]


def _counts(result: Result) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Who was granted each step (n,), and the counts of all jobs after 0…n steps (J, n + 1)."""
    assert result.choices is not None
    chosen = result.choices[0, : result.steps[0]].astype(np.int64)
    counts = np.zeros((result.batch.J, len(chosen) + 1), np.int64)
    counts[chosen, np.arange(1, len(chosen) + 1)] = 1
    return chosen, counts.cumsum(axis=1)


def _row_summary(result: Result) -> pd.DataFrame:
    batch = result.batch
    jobs = present_jobs(batch)
    granted = result.granted.T
    held = batch.usage + granted[:, np.newaxis] * batch.demand
    amounts, shares = batch.as_given(held), metrics.share(held, batch.capacity)
    named = list(enumerate(resource_columns(batch.labels.resources)))
    columns: dict[str, Any] = {"job": np.array(batch.job_names(0), object)[jobs]}
    for r, name in named:
        amount = amounts[jobs, r, 0]
        columns[name.alloc] = amount.astype(np.int64) if batch.whole[r] else amount
    for r, name in named:
        columns[name.share] = rounded(shares[jobs, r, 0])
    columns["dominant_share"] = rounded(shares[jobs].max(axis=1)[:, 0])
    columns["executors_added"] = result.executors[0, jobs]
    frame = pd.DataFrame(columns)
    return frame.sort_values(by=["dominant_share", "job"]).reset_index(drop=True)


def _row_timeline(result: Result) -> pd.DataFrame:
    batch = result.batch
    chosen, counts = _counts(result)
    shares = metrics.dominant_share(batch, counts)
    names = batch.job_names(0)
    columns: dict[str, Any] = {"step": np.arange(len(chosen) + 1)}
    taken = {"step", *_LEADING}
    columns.update(
        {
            f"job {n}" if (n := names[j]) in taken else n: shares[j]
            for j in present_jobs(batch).tolist()
        }
    )
    return pd.DataFrame(columns)
