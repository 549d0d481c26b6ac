"""The step log: who got each executor and why, and on request why the others did not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import isnan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairsched_fast import metrics
from fairsched_fast.batch import Batch
from fairsched_fast.errors import InputError
from fairsched_fast.plain_text import cut
from fairsched_fast.policies.base import Policy
from fairsched_fast.policies.key_functions import KeyPolicy
from fairsched_fast.result import Result
from fairsched_fast.tables import present_jobs, rounded, stack
from fairsched_fast.why.codes import WhyNot, rule_words, why_not_words, with_resource
from fairsched_fast.why.decisions import Decisions, decide

Ints = NDArray[np.int64]

WHY_NOT = "why_not "  # what a job's column begins with, before its name
_VALUES_AT_ONCE = 1 << 21  # steps times jobs


def step_log(
    result: Result, scenario: int | None = None, pool: str | None = None, detail: bool = False
) -> pd.DataFrame:
    """One row per grant and why it was made.

    Columns: step, allocated_to, reason, dominant_share_before, dominant_share_after,
    total_execs_for_job (held + granted). The reason names every job's key before the grant, and
    what stopped those that were not compared, unless it is their `max_executors`.

    With `detail` also: measure (what the key measures, in words), key_before (of the job served),
    runner_up (who would have been served in its stead, missing where nobody), margin (how much
    higher that one's key was: 0 at a tie, NaN where the two were not compared), decided_by (what
    decided between the two), and `why_not <job>` for every job. The last two are categories, in the
    words of `why`.

    Raises
    ------
    InputError
        On an unknown scenario or pool.
    """
    return stack(result, scenario, pool, partial(log_of_row, detail=detail))


def left_out(result: Result) -> pd.Series[str]:
    """Why each job gets nothing more, once a run of one row has ended: categories, by job.

    Raises
    ------
    InputError
        On a result of several rows.
    """
    batch, counts = result.batch, result.granted.T.astype(np.int64)
    if batch.S != 1:
        raise InputError(f"left_out of {batch.size}; expected a result of one row (see Batch.rows)")
    made = decide(batch, result.policy, counts, result.on_full)
    jobs = present_jobs(batch)
    why_not = with_resource(made.why_not, made.lacking, batch.R)[jobs, 0]
    named = [batch.job_names(0)[j] for j in jobs.tolist()]
    return pd.Series(pd.Categorical.from_codes(why_not, dtype=reasons_of(batch)), named)


def reasons_of(batch: Batch) -> pd.CategoricalDtype:
    return pd.CategoricalDtype(why_not_words(batch.labels.resources))


def log_of_row(result: Result, detail: bool, most: int | None = None) -> pd.DataFrame:
    """The log of a result of one row, put together from some steps at a time.

    With `most` a reason has the keys of as many jobs, those that come first.
    """
    assert result.choices is not None
    J, chosen = result.batch.J, result.choices[0, : result.steps[0]].astype(np.int64)
    size = max(1, _VALUES_AT_ONCE // J)
    counts, parts = np.zeros((J, 1), np.int64), []
    for start in range(0, max(1, len(chosen)), size):
        some = chosen[start : start + size]
        counts = _counts_from(counts[:, -1:], some)
        parts.append(_part(result, start, some, counts, detail, most))
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def _counts_from(held: Ints, chosen: Ints) -> Ints:
    """Counts of all jobs (J, n + 1) after 0…n steps more than those that led to `held` (J, 1)."""
    counts = np.zeros((len(held), len(chosen) + 1), np.int64)
    counts[:, :1] = held
    counts[chosen, np.arange(1, len(chosen) + 1)] += 1
    return counts.cumsum(axis=1)


def _part(
    result: Result, start: int, chosen: Ints, counts: Ints, detail: bool, most: int | None
) -> pd.DataFrame:
    """The steps from `start` on: the jobs chosen (n,), counts (J, n + 1) before and after each."""
    batch, policy = result.batch, result.policy
    before, after = np.arange(len(chosen)), np.arange(1, len(chosen) + 1)
    shares = metrics.dominant_share(batch, counts)
    columns = {
        "step": start + after,
        "allocated_to": np.array(batch.job_names(0), object)[chosen],
        "reason": [policy.reason or ""] * len(chosen),
        "dominant_share_before": rounded(shares[chosen, before]),
        "dominant_share_after": rounded(shares[chosen, after]),
        "total_execs_for_job": counts[chosen, after]
        + np.broadcast_to(batch.executors[:, 0], batch.J)[chosen],
    }
    if detail or policy.reason is None:
        made = decide(batch, policy, counts[:, :-1], result.on_full)
        why_not = with_resource(made.why_not, made.lacking, batch.R)
        said = _said(policy, batch, made.stage)
        if policy.reason is None:
            keys = _listed(batch, made, why_not) if most is None else _first(batch, made, most)
            columns["reason"] = list(_reasons(keys, said))
        if detail:
            columns |= _details(policy, batch, made, why_not, said)
    return pd.DataFrame(columns)


def _details(
    policy: Policy,
    batch: Batch,
    made: Decisions,
    why_not: NDArray[np.int16],
    said: list[tuple[str, str]],
) -> dict[str, Any]:
    """What a detailed log has more."""
    names = np.array([*batch.job_names(0), None], object)
    rules = pd.CategoricalDtype(rule_words(policy.about.ties if policy.about else ""))
    reasons = reasons_of(batch)
    return {
        "measure": [measure for measure, _ in said],
        "key_before": made.key[made.chosen, np.arange(len(said))],
        "runner_up": pd.array(names[made.runner_up], dtype="str"),
        "margin": made.margin,
        "decided_by": pd.Categorical.from_codes(made.rule, dtype=rules),
        **{
            f"{WHY_NOT}{names[j]}": pd.Categorical.from_codes(why_not[j], dtype=reasons)
            for j in present_jobs(batch).tolist()
        },
    }


def _said(policy: Policy, batch: Batch, stages: Ints) -> list[tuple[str, str]]:
    """What was compared at each of n steps, by its stage, and a sentence to say in its stead."""
    own = policy.measure_of(batch)
    if isinstance(policy, KeyPolicy):
        return [(policy.stages.get(stage, own), "") for stage in stages.tolist()]
    said = [(claims.measure or own, claims.reason) for claims in policy(batch)]
    return [said[stage] for stage in stages.tolist()]


def _reasons(compared: Iterator[str], said: list[tuple[str, str]]) -> Iterator[str]:
    """Why each step went where it did, in a sentence."""
    for (measure, fixed), keys in zip(said, compared, strict=True):
        yield fixed or f"lowest {measure} wins → [{keys}]"


def _listed(batch: Batch, made: Decisions, why_not: NDArray[np.int16]) -> Iterator[str]:
    """The keys of all jobs at each step, by name. From one step to the next few change."""
    names, words = batch.job_names(0), why_not_words(batch.labels.resources)
    order = np.array(sorted(present_jobs(batch).tolist(), key=names.__getitem__), np.int64)
    # The notebook names jobs at their ceiling like all others, and so do we.
    marked = np.where(made.why_not > WhyNot.AT_CEILING, why_not, 0)[order].T
    keys = made.key[order].T
    changed = np.ones(keys.shape, np.bool_)
    same = (keys[1:] == keys[:-1]) | (np.isnan(keys[1:]) & np.isnan(keys[:-1]))
    changed[1:] = ~same | (marked[1:] != marked[:-1])
    told = [""] * len(order)
    for n in range(len(keys)):
        for q in np.flatnonzero(changed[n]).tolist():
            key, mark = float(keys[n, q]), marked[n, q]
            note = f" ({words[mark]})" if mark else ""
            told[q] = "" if isnan(key) else f"{names[order[q]]}: {key:.3f}{note}"
        yield ", ".join(filter(None, told))


def _first(batch: Batch, made: Decisions, most: int) -> Iterator[str]:
    """The keys of the job served at each step and of who comes next; how many others there are."""
    jobs, names = present_jobs(batch), batch.job_names(0)
    why_not, keys = made.why_not[jobs], made.key[jobs]
    later = np.where(why_not == WhyNot.CHOSEN, -1, why_not)
    compared = (why_not <= WhyNot.TIE_LOST) & ~np.isnan(keys)
    first = np.lexsort((keys, later > WhyNot.TIE_LOST, later >= 0), axis=0)[:most]
    for order, shown, among in zip(first.T, keys.T, compared.T, strict=True):
        told = [f"{cut(names[jobs[q]], 16)} {shown[q]:.3f}" for q in order if among[q]]
        rest = int(among.sum()) - len(told)
        yield ", ".join([*told, f"… {rest:,} more"] if rest else told)
