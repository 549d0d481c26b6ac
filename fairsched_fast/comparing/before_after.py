"""BEFORE and AFTER side by side: the figures that a story's words and title are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fairsched_fast.errors import InputError, did_you_mean
from fairsched_fast.result import Result, StopReason


@dataclass(frozen=True, slots=True)
class Side:
    """How one pool ended under one policy. The series' index is the job."""

    pool: str
    policy: str
    shares: pd.Series[float]  # dominant share, as in the summary
    granted: pd.Series[int]  # executors given in this run
    steps: int  # executors given to all
    budget: int  # executors that were to be given
    stop: StopReason
    at_ceiling: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """One pool before and after. The series' index is the job."""

    pool: str
    start: pd.Series[float]  # dominant share before the run
    weight: pd.Series[float]
    before: Side
    after: Side
    same_order: bool  # whether the shares were the same at every step

    @property
    def weighted(self) -> bool:
        """Whether jobs are entitled to different shares."""
        return bool(self.weight.nunique() > 1)

    @property
    def same(self) -> bool:
        """Whether every job was given the same number of executors."""
        return self.before.granted.to_dict() == self.after.granted.to_dict()

    def entitled(self, shares: pd.Series[float]) -> pd.Series[float]:
        """Shares over weights, of jobs that have one: what a weighted policy would level."""
        return (shares / self.weight)[self.weight > 0]


def gap(shares: pd.Series[float]) -> float:
    """Largest minus smallest; 0 of no jobs."""
    return float(shares.max() - shares.min()) if len(shares) else 0.0


def points(share: float) -> str:
    """A difference of shares in percentage points: 0.25 is `25 points`, 0.01 `1 point`."""
    text = f"{100 * share:.2f}".rstrip("0").rstrip(".")
    return f"{text} point" + ("" if text == "1" else "s")


def headline(compared: BeforeAfter) -> str:
    """What the figures say, in a line."""
    before, after = compared.before, compared.after
    if not (before.steps or after.steps):
        return "Nothing differs: no executors were given"
    if compared.same:
        policies = f"{before.policy} and {after.policy}"
        return f"Nothing differs: {policies} give every job the same executors"
    subject = (
        "The gap between weighted dominant shares"
        if compared.weighted
        else "The gap between dominant shares"
    )
    was, now = (gap(compared.entitled(side.shares)) for side in (before, after))
    if points(was) == points(now):
        return f"{subject} stays at {points(now)} under {after.policy}"
    verb = "closes" if now < was else "opens"
    to = points(now).partition(" ")[0]
    return f"{subject} {verb} from {points(was)} to {to} under {after.policy}"


def pools_of(result: Result) -> list[str]:
    """The pools of a result's one scenario.

    Raises
    ------
    InputError
        When it holds several scenarios.
    """
    scenarios = len(np.unique(result.batch.labels.scenario))
    if scenarios > 1:
        raise InputError(
            f"the result holds {scenarios:,} scenarios; expected one: a story tells of one scenario"
        )
    return [result.batch.pool_name(row) for row in range(result.batch.S)]


def before_and_after(before: Result, after: Result, pool: str | None = None) -> BeforeAfter:
    """One pool of one scenario under two policies; `pool` may be left out where there is one.

    Raises
    ------
    InputError
        On several scenarios, an unknown pool, none named of several, or results whose jobs differ.
    """
    names = pools_of(before)
    if pool is None and len(names) > 1:
        raise InputError(f"pool is None; expected one of {names}")
    pool = names[0] if pool is None else pool
    for result in (before, after):
        if pool not in (known := pools_of(result)):
            raise InputError(f"unknown pool {pool!r}{did_you_mean(pool, known)}")
    sides = (_side(before, pool), _side(after, pool))
    jobs = [set(side.granted.index) for side in sides]
    if jobs[0] != jobs[1]:
        differing = sorted(jobs[0] ^ jobs[1])
        raise InputError(f"before and after differ in the jobs {differing}; expected the same jobs")
    row = names.index(pool)
    timelines = [result.timeline(pool=pool) for result in (before, after)]
    weight = np.broadcast_to(before.batch.true_weight, (before.batch.J, before.batch.S))[:, row]
    return BeforeAfter(
        pool=pool,
        start=timelines[0].iloc[0].drop("step"),
        weight=_by_job(before, row, weight),
        before=sides[0],
        after=sides[1],
        same_order=timelines[0].equals(timelines[1]),
    )


def sides_of(result: Result) -> list[Side]:
    """How each pool of a result's one scenario ended.

    Raises
    ------
    InputError
        When it holds several scenarios.
    """
    return [_side(result, pool) for pool in pools_of(result)]


def _side(result: Result, pool: str) -> Side:
    row = pools_of(result).index(pool)
    batch = result.batch
    granted = _by_job(result, row, result.granted[row])
    room = _by_job(result, row, np.broadcast_to(batch.room, (batch.J, batch.S))[:, row])
    return Side(
        pool=pool,
        policy=result.policy.name,
        shares=_by_job(result, row, result.dominant_share[row])[result.summary(pool=pool)["job"]],
        granted=granted,
        steps=int(result.steps[row]),
        budget=int(np.broadcast_to(batch.extra_executors, batch.S)[row]),
        stop=result.stop_reason(row),
        at_ceiling=tuple(granted.index[granted >= room]),
    )


def _by_job(result: Result, row: int, values: np.ndarray) -> pd.Series:
    """A row's values of the J jobs, without padding."""
    names = result.batch.job_names(row)
    return pd.Series(values, index=pd.Index(names, dtype=object))[[name != "" for name in names]]
