"""How jobs stand at a moment: what a policy or dialect makes of each, and who is next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fairsched_fast import engine, metrics
from fairsched_fast.batch import Batch
from fairsched_fast.errors import InputError, did_you_mean
from fairsched_fast.model import Job, Pool, Scenario
from fairsched_fast.number_rules import JOB_NUMBERS, JOB_QUANTITIES
from fairsched_fast.policies.base import Policy
from fairsched_fast.policies.key_functions import KeyPolicy

State = Scenario | Batch | Mapping[str, Any]
"""A Scenario; a Batch of one row; or plain words, `{"capacity": {"cpu": 8}, "jobs": {"a": {"usage":
{"cpu": 2}, …}}}` with `Job`'s keywords for each job. In plain words a negative amount, as a
scheduler's own records may hold, counts as 0, and a job without `demand` asks for nothing more."""


def share(policy: Policy, state: State) -> dict[str, Any]:
    """What a policy compares of each job: the key of its next executor, by name.

    A dialect gives what its scheduler shows: Kueue the rounded share, KAI the fair share of each
    resource, Armada the cost of what is held.

    Raises
    ------
    InputError
        On a state that is none of the three kinds.
    """
    answers: dict[str, Any] = {}
    for batch in _rows(state):
        shown = policy.about.share if policy.about else None
        with np.errstate(divide="ignore", invalid="ignore"):
            values = shown(batch, **policy.given) if shown else _next_keys(policy, batch)
        answers.update(_by_job(batch, values))
    return answers


def order(policy: Policy, state: State) -> list[str]:
    """The jobs of a state in the order of their next executors, whatever would stop them.

    Raises
    ------
    InputError
        On a state that is none of the three kinds, or one with several pools.
    """
    batches = _rows(state)
    if len(batches) > 1:
        raise InputError("the state has several pools; expected one: pools have an order each")
    (batch,) = batches
    names, real = batch.job_names(0), metrics.real_jobs(batch)[:, 0]
    return [names[j] for j in engine.next_in_line(batch, policy) if real[j]]


def fair_share(policy: Policy, state: State) -> dict[str, dict[str, float]]:
    """What a dialect's scheduler says each job is entitled to.

    By job: of each resource (YARN, KAI), or Armada's `fair_share`, `demand_capped`, `uncapped`
    as parts of the pool.

    Raises
    ------
    InputError
        Where the policy has no such notion, or on a state that is none of the three kinds.
    """
    if policy.about is None or policy.about.fair_share is None:
        raise InputError(
            f"policy {policy.name!r} says nothing of fair shares; expected 'armada', 'kai' or "
            "'yarn', or fs.fluid for what a policy comes to where executors can be divided"
        )
    answers: dict[str, dict[str, float]] = {}
    for batch in _rows(state):
        values = policy.about.fair_share(batch, **policy.given)
        answers.update(_by_job(batch, values))
    return answers


def _by_job(batch: Batch, values: Any) -> dict[str, Any]:
    """Values (J, 1), or several by name, of one row by job."""
    if isinstance(values, Mapping):
        named = {name: _by_job(batch, column) for name, column in values.items()}
        jobs = next(iter(named.values()))
        return {job: {name: column[job] for name, column in named.items()} for job in jobs}
    present = metrics.real_jobs(batch)[:, 0]
    column = np.asarray(values)[:, 0].tolist()
    return {job: column[j] for j, job in enumerate(batch.job_names(0)) if present[j]}


def _next_keys(policy: Policy, batch: Batch) -> Any:
    """(J, 1): the key of each job's next claim."""
    nothing = np.zeros((batch.J, 1), np.int64)
    if isinstance(policy, KeyPolicy):
        return policy.keys(batch, nothing)[:, :, policy.shown]
    keys = np.full((batch.J, 1), np.inf)
    for claims in reversed(policy(batch)):
        keys = np.where(claims.ends(batch.J) > 0, claims.key(nothing), keys)
    return keys


def _rows(state: State) -> list[Batch]:
    """A state as batches of one row."""
    if isinstance(state, Batch):
        batch = state
    elif isinstance(state, Scenario):
        batch = Batch.from_scenarios(state)
    elif isinstance(state, Mapping):
        batch = Batch.from_scenarios(_scenario(state))
    else:
        raise InputError(f"state is {state!r}; expected a Scenario, a Batch or a table of words")
    if isinstance(state, Batch) and batch.S != 1:
        raise InputError(f"state has {batch.S:,} scenarios; expected one (see Batch.rows)")
    return [batch.rows(s, s + 1) for s in range(batch.S)]


def _scenario(state: Mapping[str, Any]) -> Scenario:
    """A state's plain words as a Scenario."""
    known = ("capacity", "jobs")
    for name in state:
        if name not in known:
            raise InputError(f"state has the key {name!r}{did_you_mean(name, known)}")
    for name in known:
        if not isinstance(state.get(name), Mapping):
            raise InputError(
                f"state.{name} is {state.get(name)!r}; expected capacity, and jobs by name"
            )
    capacity = _no_less_than_nothing(state["capacity"])
    jobs = [_job(name, words, capacity) for name, words in state["jobs"].items()]
    return Scenario(Pool("pool", capacity), jobs, 0)


_WORDS = (*JOB_QUANTITIES, *JOB_NUMBERS, "user")


def _job(name: str, words: Any, capacity: Mapping[str, float]) -> Job:
    """A job's plain words."""
    if not isinstance(words, Mapping):
        raise InputError(f"job {name!r} is {words!r}; expected a table of Job's keywords")
    for word in words:
        if word not in _WORDS:
            raise InputError(f"job {name!r} has the key {word!r}{did_you_mean(word, _WORDS)}")
    fields = {"demand": {}, **words}
    for quantity in JOB_QUANTITIES:
        if quantity in fields:
            fields[quantity] = _no_less_than_nothing(fields[quantity])
    if isinstance(fields["demand"], Mapping):
        fields["demand"] = {**dict.fromkeys(capacity, 0), **fields["demand"]}
    return Job(name, **fields)


def _no_less_than_nothing(amounts: Any) -> Any:
    if not isinstance(amounts, Mapping):
        return amounts
    return {
        name: max(amount, 0) if isinstance(amount, int | float) else amount
        for name, amount in amounts.items()
    }
