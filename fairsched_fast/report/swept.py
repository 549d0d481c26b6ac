"""What was swept over, in people's words: settings, their values, pools, jobs and policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fairsched_fast.report.facts import Facts
from fairsched_fast.sweep.scenarios.axes import (
    Axis,
    Choice,
    Listed,
    Stepped,
    Uniform,
    read_axis,
    read_draw,
)
from fairsched_fast.sweep.scenarios.paths import split_path

_LISTED = 8  # values told one by one
_FIELDS = {
    "max_executors": "ceiling on executors",
    "min_executors": "least executors",
    "executors": "executors held before",
    "weight": "weight",
    "priority": "priority",
    "submitted": "time of submission",
}
_QUANTITIES = {"executor": "executor size", "usage": "usage before"}


@dataclass(frozen=True, slots=True)
class SweptOver:
    """A row of the table: a setting in words, its path, its values in words, how many."""

    block: int
    words: str
    path: str
    values: str
    count: str


def setting_words(path: str) -> str:
    """`pool.Batch.capacity.cpu` is `Batch's capacity in cpu`."""
    head, *rest = split_path(path)
    if head == "extra_executors":
        return "executors to hand out" + (f" in {rest[0]}" if rest else "")
    if head == "user_caps":
        return f"cap on executors of user {rest[0]}"
    name, *told = ["every job", *rest] if head == "jobs" else rest
    owner = "every job" if name == "*" else name
    quantity = told[0]
    if len(told) == 2:
        return f"{owner}'s {_QUANTITIES.get(quantity, quantity)} in {told[1]}"
    return f"{owner}'s {_FIELDS.get(quantity, quantity)}"


def swept_over(facts: Facts) -> list[SweptOver]:
    """Each setting of each block, in the file's order."""
    return [
        SweptOver(number, setting_words(path), path, *_reached(facts, path, *told))
        for number, block in enumerate(facts.results.spec.get("block", ()))
        for path, told in _axes(block)
    ]


def _reached(facts: Facts, path: str, values: str, count: str) -> tuple[str, str]:
    """Of a sweep that was cut short, what its scenarios came to, beside what the file says."""
    levels, limited = facts.levels.get(path), facts.results.manifest.get("limit") is not None
    if levels is None or not limited or not len(levels):
        return values, count
    if levels.edges is None and len(levels) <= _LISTED:
        some = ", ".join(levels.labels())
    else:
        some = f"{_number(levels.low)} to {_number(levels.high)}"
    return f"{some} (the sweep file: {values})", count


def _axes(block: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    for path, given in block.get("grid", {}).items():
        yield path, _values(read_axis(given))
    linked = block.get("zip", {})
    for path, given in linked.items():
        values, count = _values(read_axis(given))
        others = [setting_words(other) for other in linked if other != path]
        yield path, (values, count + (f", together with {', '.join(others)}" if others else ""))
    for kind in ("random", "sobol"):
        drawn = block.get(kind, {})
        for path, given in drawn.items():
            if path != "n":
                yield path, (_draw(given), f"{drawn.get('n', 1):,} draws")


def _values(axis: Axis) -> tuple[str, str]:
    """The values of an axis, and how many there are."""
    count = len(axis)
    if count <= _LISTED or not isinstance(axis, Stepped | Listed):
        listed = axis.at(np.arange(count)).tolist()
        return ", ".join(map(_number, listed)), f"{count:,}"
    if isinstance(axis, Stepped):
        first, second, last = axis.at(np.array([0, 1, count - 1])).tolist()
        step = round(second - first, 12)
        return f"{_number(first)} to {_number(last)} in steps of {_number(step)}", f"{count:,}"
    some = ", ".join(_number(value) for value in axis.at(np.arange(_LISTED - 1)).tolist())
    return f"{some}, … {_number(axis.at(np.array([count - 1]))[0].item())}", f"{count:,}"


def _draw(given: object) -> str:
    draw = read_draw(given, whole=False)
    if isinstance(draw, Uniform):
        return f"drawn from {_number(draw.low)} to {_number(draw.high)}"
    assert isinstance(draw, Choice)
    return f"drawn from {_values(draw.axis)[0]}"


def _number(value: float) -> str:
    return f"{value:,.12g}"
