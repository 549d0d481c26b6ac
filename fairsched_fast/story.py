"""The story in words and files: BEFORE and AFTER, step by step, and what changed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from fairsched_fast import tables
from fairsched_fast.comparing.before_after import (
    BeforeAfter,
    Side,
    before_and_after,
    gap,
    headline,
    points,
    pools_of,
    sides_of,
)
from fairsched_fast.errors import plural
from fairsched_fast.plain_text import (
    NAMED,
    cut_names,
    joined,
    listed,
    section,
    table,
    visible,
    wrapped,
)
from fairsched_fast.result import STOP_SENTENCES, Result
from fairsched_fast.why.log_words import plain_steps, told_steps


def render(before: Result, after: Result, detail: bool = False, width: int | None = None) -> str:
    """The whole story as plain text: `run_sections` of both, `change_sections`.

    Raises
    ------
    InputError
        When the results are not of the same one scenario.
    """
    told = [
        *run_sections(before, f"BEFORE ({before.policy.name})", detail, width),
        *run_sections(after, f"AFTER ({after.policy.name})", detail, width),
        *change_sections(before, after, width=width),
    ]
    return "\n\n".join(told) + "\n"


def run_sections(result: Result, heading: str, detail: bool, width: int | None) -> Iterator[str]:
    """One run of one scenario: its step log with reasons, final allocation, why it stopped.

    Tables are whole where `width` is None; else step logs and names are cut to a screen of so many
    columns. With `detail` a step log says over whom each step was won, by how much and by which
    rule, and who is out of the running.

    Raises
    ------
    InputError
        When the result is of several scenarios.
    """
    sides = sides_of(result)
    yield section(f"{heading}: step log", _steps(result, detail, width))
    allocation = table(cut_names(result.summary(), width))
    yield section(f"{heading}: final allocation", allocation)
    yield wrapped([_named(sides, side.pool) + _ending(side) for side in sides], width)


def change_sections(
    before: Result, after: Result, words: str = "AFTER − BEFORE", width: int | None = None
) -> Iterator[str]:
    """What differs between two runs: a table, and a paragraph for each pool, a sentence a line.

    Raises
    ------
    InputError
        When the results are not of the same one scenario.
    """
    pools = [before_and_after(before, after, pool) for pool in pools_of(before)]
    yield section(f"DIFFERENCE ({words})", table(cut_names(tables.change(before, after), width)))
    changed = []
    for pool in pools:
        first, *rest = map(visible, _paragraph(pool))
        changed.append(wrapped([_named(pools, pool.pool) + first, *rest], width))
    yield section("WHAT CHANGED", "\n\n".join(changed))


def write(folder: Path, before: Result, after: Result) -> list[Path]:
    """Write the story's tables as CSV and its charts as PNG into `folder`; the paths written.

    With several pools each has its own charts, the pool's name at the end of theirs.

    Raises
    ------
    InputError
        When the results are not of the same one scenario.
    """
    pools = pools_of(before)
    frames = {"difference": tables.difference(before, after)}
    for when, result in (("before", before), ("after", after)):
        frames[f"{when}_step_log"] = result.step_log()
        frames[f"{when}_summary"] = result.summary()
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, frame in sorted(frames.items()):
        paths.append(folder / f"{name}.csv")
        frame.to_csv(paths[-1], index=False, encoding="utf-8", lineterminator="\n")
    for pool, suffix in zip(pools, _suffixes(pools), strict=True):
        paths += _write_charts(folder, before, after, pool, suffix)
    return paths


def _write_charts(
    folder: Path, before: Result, after: Result, pool: str, suffix: str
) -> Iterator[Path]:
    from fairsched_fast import charts  # matplotlib is slow to import, and the words need none

    sides = (("before", before), ("after", after))
    timelines = [result.timeline(pool=pool) for _, result in sides]
    top = charts.share_top(*timelines)
    for (when, result), timeline in zip(sides, timelines, strict=True):
        heading = f"{when.upper()} ({result.policy.name}): "
        bars = charts.dominant_shares(
            result.summary(pool=pool), title=f"{heading}final dominant share", top=top
        )
        yield charts.save(bars, folder / f"{when}_dominant_share{suffix}.png")
        lines = charts.timeline(timeline, title=f"{heading}dominant share, step by step", top=top)
        yield charts.save(lines, folder / f"{when}_timeline{suffix}.png")
    yield charts.save(charts.story(before, after, pool=pool), folder / f"story{suffix}.png")


def _suffixes(pools: list[str]) -> list[str]:
    """What tells the files of several pools apart: their names as any file system takes them."""
    if len(pools) == 1:
        return [""]
    safe = [re.sub(r"[^\w.-]+", "_", pool, flags=re.ASCII)[:60] for pool in pools]
    if len({name.casefold() for name in safe}) == len(safe):
        return [f"-{name}" for name in safe]
    return [f"-{name}-{i}" for i, name in enumerate(safe, start=1)]


def _steps(result: Result, detail: bool, width: int | None) -> str:
    """The step log; in detail, and where it is cut to a screen, pool by pool."""
    told: Callable[[Result, int], str] = partial(told_steps, width=width)
    if not detail:
        whole = table(result.step_log())
        if width is None or max(map(len, whole.splitlines())) <= width:
            return whole
        told = partial(plain_steps, width=width)
    pools = pools_of(result)
    if len(pools) == 1:
        return told(result, 0)
    return "\n\n".join(
        f"{_named(pools, pool)[:-1]}\n{told(result, i)}" for i, pool in enumerate(pools)
    )


def _named(several: Sequence[object], pool: str) -> str:
    """Which pool is spoken of, where there are several."""
    return f"Pool {visible(pool)}: " if len(several) > 1 else ""


def _ending(side: Side) -> str:
    """Why one run stopped."""
    if not side.budget:
        return "There were no executors to give."
    ceilings = f" At their ceiling: {listed(side.at_ceiling)}." if side.at_ceiling else ""
    why = STOP_SENTENCES[side.stop]
    return f"Stopped after {side.steps:,} of {side.budget:,} executors: {why}.{ceilings}"


def _paragraph(pool: BeforeAfter) -> Iterator[str]:
    """What changed in one pool, sentence by sentence."""
    first, second = pool.before, pool.after
    if pool.start.empty:
        yield "There are no jobs."
        return
    yield _start(pool)
    if pool.same:
        order = "" if pool.same_order else ", in another order"
        yield f"{headline(pool)}{order}."
        yield f"Both gave {_gifts(pool, first)}."
        yield f"Under both, the {_ended(first)}."
        return
    for side in (first, second):
        yield f"{side.policy} gave {_gifts(pool, side)}."
    for side in (first, second):
        yield f"Under {side.policy}, the {_ended(side)}."
    yield f"{headline(pool)}."


def _start(pool: BeforeAfter) -> str:
    """Who was furthest behind."""
    measure = "weighted dominant share" if pool.weighted else "dominant share"
    shares = pool.entitled(pool.start)
    if shares.empty:
        return "No job has a weight: none is entitled to a share."
    low, high = _share(shares.min()), _share(shares.max())
    if len(shares) == 1:
        others = " with a weight" if len(pool.start) > 1 else ""
        return f"{shares.index[0]} is the only job{others}: its {measure} was {low} at the start."
    if low == high:
        return f"All {len(shares):,} jobs started level, with a {measure} of {low}."
    told = shares.map(_share)
    behind, ahead = list(told.index[told == low]), list(told.index[told == high])
    was = "was" if len(behind) == 1 else "were"
    return (
        f"{listed(behind)} {was} furthest behind at the start, with a {measure} of {low} against "
        f"{high} for {listed(ahead)}."
    )


def _gifts(pool: BeforeAfter, side: Side) -> str:
    """Who got how many executors, those furthest behind at the start first."""
    if not side.steps:
        return "no executors"
    start = (pool.start / pool.weight).where(pool.weight > 0, math.inf)  # without a weight: last
    given = side.granted[start.sort_values(kind="stable").index]
    told = [f"{count:,} to {job}" for job, count in given.iloc[:NAMED].items()]
    rest = given.iloc[NAMED:]
    if len(rest):
        told.append(f"{rest.sum():,} to {plural(len(rest), 'other job')}")
    return f"{plural(side.steps, 'executor')}: {joined(told)}"


def _ended(side: Side) -> str:
    """How far apart the dominant shares ended."""
    low, high = _share(side.shares.min()), _share(side.shares.max())
    if len(side.shares) == 1:
        return f"dominant share ended at {low}"
    if low == high:
        return f"dominant shares ended level, at {low}: {points(0)} apart"
    apart = gap(side.shares)
    ends = f"dominant shares ended between {low} and {high}"
    return f"{ends}: {_share(apart)} apart ({points(apart)})"


def _share(share: float) -> str:
    """As in the tables, with two decimals at least."""
    text = f"{share:.4f}"
    return text[:4] + text[4:].rstrip("0")
