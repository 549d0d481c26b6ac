"""Who is served next, and why: all of it derived from what each job was granted before.

Kernels store the choice alone. What they compare and what stops a job follows from the state, since
within a run a job that is stopped stays so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast import kernels
from fairsched_fast.batch import Batch
from fairsched_fast.claims import Claims, rank_by
from fairsched_fast.compiling import first_use
from fairsched_fast.lowering import capacity_units, left_at_most, make_problem, users_left
from fairsched_fast.policies.base import Policy
from fairsched_fast.policies.key_functions import KeyPolicy
from fairsched_fast.why.codes import Rule, WhyNot

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int8]
Places = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a policy decides at P states of J jobs; an index is −1 where there is nobody.

    Attributes
    ----------
    chosen, runner_up : int64 (P,)
        Who is served, and who would be were that job not there. (Under `on_full="stop"` it need not
        fit: only whose turn it is is asked.)
    rule : int8 (P,)
        What decided between them, a `Rule`.
    margin : float64 (P,)
        The runner-up's key less the chosen one's, in the key's own measure: 0 at a tie, and where
        a double cannot tell them apart. NaN where nobody was compared in the same stage.
    stage : int64 (P,)
        The chosen one's, numbered within the batch: a segment of claims, or what a key function
        puts first. What is of a lower stage goes before. 0 where nobody is chosen.
    key : float64 (J, P)
        As people read it; NaN where a job has no claim in that stage.
    why_not : int8 (J, P)
        A `WhyNot`.
    lacking : int16 (J, P)
        The resource of DOES_NOT_FIT and of DRAINED, the first that lacks; −1 elsewhere.
    """

    chosen: Ints
    runner_up: Ints
    rule: Codes
    margin: Floats
    stage: Ints
    key: Floats
    why_not: Codes
    lacking: Places


def decide(batch: Batch, policy: Policy, counts: Ints, on_full: str = "skip") -> Decisions:
    """Who is served next at P states, and why not the others, compared as the kernels compare.

    Parameters
    ----------
    batch
        One scenario, which all states are of, or P, one of each.
    counts : int64 (J, P)
        What each job was granted before: states that a run under `on_full` comes to. Of others
        nothing is checked: more than a ceiling, or than fits, reads as a job that is to get no
        more, and a negative count is not understood.
    on_full
        As in `allocate`.
    """
    counts = np.ascontiguousarray(counts, np.int64)
    compare = _of_keys if isinstance(policy, KeyPolicy) else _of_claims
    compared = compare(batch, policy, counts)
    why_not = _stopped(batch, counts)
    why_not[(why_not == 0) & ~compared.claims] = WhyNot.NO_CLAIM
    unfit, lacking = _unfit(batch, counts, on_full)
    if on_full == "skip":
        _fill(why_not, unfit)
    first = _lowest(compared, why_not == 0)
    points = np.arange(counts.shape[1])
    ended = (first < 0) | (counts.sum(axis=0) >= batch.extra_executors)
    if on_full == "stop":
        ended |= unfit[first, points] > 0
    _fill(why_not, np.where(ended, np.where(unfit > 0, unfit, WhyNot.ENDED), 0))
    chosen = np.where(ended, -1, first)
    others = why_not == 0
    others[first, points] = False
    _fill(why_not, _lost(compared, first))
    why_not[chosen[~ended], points[~ended]] = WhyNot.CHOSEN
    lacks = (why_not == WhyNot.DOES_NOT_FIT) | (why_not == WhyNot.DRAINED)
    lacking[~lacks] = -1
    return _decisions(compared, chosen, _lowest(compared, others), why_not, lacking)


class _Compared(NamedTuple):
    """What a policy compares of each job at each state, plane by plane; the lower goes first."""

    planes: Sequence[NDArray[Any]]  # (J, P) each
    shown: int  # the plane that people read; one before it says which stage a job is in
    place: Ints  # (J, S') who goes first where all planes are equal
    tie: Codes  # (S',) that order's `Rule`
    claims: NDArray[np.bool_]  # (J, P) whether the policy would give the job one more
    key: Callable[[Ints], Floats]  # (J, P), as people read it, in the stages (P,)


def _decisions(
    compared: _Compared, chosen: Ints, second: Ints, why_not: Codes, lacking: Places
) -> Decisions:
    points, ended = np.arange(len(chosen)), chosen < 0
    stage = np.zeros(len(chosen), np.int64)
    if compared.shown > 0:
        stage = np.where(ended, 0, compared.planes[0][chosen, points]).astype(np.int64)
    key = np.where(ended | (why_not == WhyNot.PADDING), np.nan, compared.key(stage))
    rule = _rule(compared, chosen, second)
    with np.errstate(invalid="ignore"):  # infinite keys that tie
        apart = np.maximum(key[second, points] - key[chosen, points], 0)
    margin = np.where(rule >= Rule.TIE_BY_MEASURE, 0.0, apart)
    return Decisions(
        chosen=chosen,
        runner_up=second,
        rule=rule,
        margin=np.where(second < 0, np.nan, margin),
        stage=stage,
        key=key,
        why_not=why_not,
        lacking=lacking,
    )


def _fill(code: Codes, other: NDArray[Any]) -> None:
    """Other codes where there is none yet."""
    np.copyto(code, other, where=code == 0, casting="unsafe")


def _lowest(compared: _Compared, among: NDArray[np.bool_]) -> Ints:
    """(P,): the job that goes first, −1 where there is none."""
    left = among
    for plane in compared.planes:
        top = np.inf if plane.dtype.kind == "f" else np.iinfo(plane.dtype).max
        left = left & (plane == np.where(left, plane, top).min(axis=0))
    first = np.where(left, compared.place, len(left)).argmin(axis=0)
    return np.where(among.any(axis=0), first, -1)


def _lost(compared: _Compared, first: Ints) -> Codes:
    """(J, P): how each job compares with the first."""
    points = np.arange(len(first))
    code = np.full(compared.planes[0].shape, WhyNot.TIE_LOST, np.int8)
    for i in reversed(range(compared.shown + 1)):
        plane = compared.planes[i]
        lost = WhyNot.HIGHER_KEY if i == compared.shown else WhyNot.LATER_STAGE
        code[plane != plane[first, points]] = lost
    return code


def _rule(compared: _Compared, first: Ints, second: Ints) -> Codes:
    """(P,): what decided between the first and the second."""
    points = np.arange(len(first))
    rule = np.array(np.broadcast_to(compared.tie, len(first)))
    for i, plane in reversed(list(enumerate(compared.planes))):
        differs = plane[first, points] != plane[second, points]
        if i == compared.shown:
            rule[differs] = Rule.LOWER_KEY
        else:
            rule[differs] = Rule.EARLIER_STAGE if i < compared.shown else Rule.TIE_BY_MEASURE
    rule[second < 0] = Rule.ONLY_CANDIDATE
    rule[first < 0] = Rule.NOBODY
    return rule


def _of_claims(batch: Batch, policy: Policy, counts: Ints) -> _Compared:
    """What is compared under a policy made of claims: the segment, then the key."""
    segments = policy(batch)
    problem = make_problem(batch, segments, segments[0].rank)
    stage, key = np.empty_like(counts), np.empty_like(counts)
    with first_use("sort_keys"):
        kernels.sort_keys(problem, counts, stage, key)

    def told(of: Ints) -> Floats:
        return _keys_of_segments(segments, counts, of)

    return _Compared(
        (stage, key), 1, *_places(batch, segments[0].rank), stage < len(segments), told
    )


def _keys_of_segments(segments: Sequence[Claims], counts: Ints, stage: Ints) -> Floats:
    """(J, P): keys as people read them in segments (P,), NaN where a job has no claim in its."""
    keys = np.full(counts.shape, np.nan)
    for g in np.unique(stage).tolist():
        points = np.flatnonzero(stage == g)
        claims, part = _at(segments[g], points), counts[:, points]
        key = np.broadcast_to(claims.key(part), part.shape)
        keys[:, points] = np.where(part < claims.ends(len(part)), key, np.nan)
    return keys


def _at(claims: Claims, points: Ints) -> Claims:
    """The claims of some scenarios; of one that all share, as they are."""

    def cut(plane: Any) -> Any:
        return plane if plane is None or np.shape(plane)[-1] == 1 else plane[..., points]

    names = ("offset", "slope", "per", "ceiling")
    return replace(claims, **{name: cut(getattr(claims, name)) for name in names})


def _of_keys(batch: Batch, policy: Policy, counts: Ints) -> _Compared:
    """What is compared under a key function: the numbers that it writes, in turn."""
    assert isinstance(policy, KeyPolicy)
    rows = np.ascontiguousarray(np.moveaxis(policy.keys(batch, counts), -1, 0))
    shown = rows[policy.shown]
    stages = rows[0] if policy.shown else np.zeros((1, 1))

    def told(of: Ints) -> Floats:
        return np.where(stages == of, shown, np.nan)

    place, tie = _places(batch, policy.facts(batch).rank)
    return _Compared(list(rows), policy.shown, place, tie, np.full(counts.shape, True), told)


def _places(batch: Batch, rank: NDArray[np.integer[Any]] | None) -> tuple[Ints, Codes]:
    """(J, S') who goes first at equal keys, and (S',) what that order is, a `Rule`."""
    if rank is None:
        return batch.job_order, np.full(1, Rule.TIE_BY_LIST, np.int8)
    place = rank_by(batch, rank)
    if rank is batch.name_rank:
        return place, np.full(1, Rule.TIE_BY_NAME, np.int8)
    by_list = (place == batch.job_order).all(axis=0)
    by_name = False if batch.name_rank is None else (place == batch.name_rank).all(axis=0)
    other = np.where(by_name, Rule.TIE_BY_NAME, Rule.TIE_BY_RANK)
    return place, np.where(by_list, Rule.TIE_BY_LIST, other).astype(np.int8)


def _stopped(batch: Batch, counts: Ints) -> Codes:
    """(J, P): why a job gets nothing more, whatever is free; 0 where it may."""
    code = np.zeros(counts.shape, np.int8)
    if batch.user is not None and batch.user_cap is not None:
        points = np.arange(counts.shape[1])
        left = np.array(np.broadcast_to(users_left(batch), (len(batch.user_cap), len(points))))
        users = np.broadcast_to(batch.user, counts.shape)
        for user, count in zip(users, counts, strict=True):
            own = user >= 0
            left[user[own], points[own]] -= count[own]
        code[(users >= 0) & (left[users, points] <= 0)] = WhyNot.USER_CAP
    code[counts >= batch.room] = WhyNot.AT_LIMIT
    code[counts >= batch.wanted] = WhyNot.AT_CEILING
    if batch.present is not None:
        code[np.broadcast_to(~batch.present, counts.shape)] = WhyNot.PADDING
    return code


def _unfit(batch: Batch, counts: Ints, on_full: str) -> tuple[Codes, Places]:
    """(J, P): DRAINED or DOES_NOT_FIT where one more does not fit, else 0; and the resource."""
    code, lacking = np.zeros(counts.shape, np.int8), np.full(counts.shape, -1, np.int16)
    if on_full == "ignore":
        return code, lacking
    free, demand = capacity_units(batch)
    left = np.array(np.broadcast_to(free, (batch.R, counts.shape[1])))
    for j, count in enumerate(counts):
        left -= count * demand[j if len(demand) > 1 else 0]
    nothing = left <= left_at_most(batch)
    for why, which in ((WhyNot.DOES_NOT_FIT, ~nothing), (WhyNot.DRAINED, nothing)):
        for r in reversed(range(batch.R)):
            short = (demand[:, r] > 0) & (demand[:, r] > left[r]) & which[r]
            short = np.broadcast_to(short, counts.shape)
            code[short], lacking[short] = why, r
    return code, lacking
