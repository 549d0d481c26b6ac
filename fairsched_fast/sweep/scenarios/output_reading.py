"""From the words of `[output]` to an `Output`: which groups there can be, and of what."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.errors import Problems, did_you_mean
from fairsched_fast.measures import all_measures
from fairsched_fast.result import StopReason
from fairsched_fast.sweep.scenarios.axes import Axis, Choice, Draw, Uniform
from fairsched_fast.sweep.scenarios.output import Aggregate, Audits, Output
from fairsched_fast.sweep.scenarios.paths import Setting
from fairsched_fast.sweep.scenarios.sampling import Sweep
from fairsched_fast.sweep.scenarios.schema import (
    AggregateSection,
    AuditSection,
    OutputSection,
    StepsSection,
)

MOST_GROUPS = 100_000
"""An aggregate is a small table: each chunk has the figures of all its groups in memory."""


def read_output(problems: Problems, section: OutputSection, sweep: Sweep) -> Output:
    """What a sweep keeps; what is wrong is noted in `problems`."""
    steps, audit = section.steps, section.audit
    aggregates = [
        _aggregate(problems, number, part, sweep) for number, part in enumerate(section.aggregate)
    ]
    names = [aggregate.name for aggregate in aggregates]
    problems.extend(
        f"output.aggregate[{number}].name is {name!r} again; expected a name of its own"
        for number, name in enumerate(names)
        if name in names[:number]
    )
    return Output(
        summary=section.summary,
        jobs=section.jobs,
        steps=steps.share if isinstance(steps, StepsSection) else float(steps),
        audit=(
            Audits(audit.share, audit.probes)
            if isinstance(audit, AuditSection)
            else Audits(float(audit))
        ),
        aggregates=tuple(aggregates),
    )


def _aggregate(
    problems: Problems, number: int, section: AggregateSection, sweep: Sweep
) -> Aggregate:
    here = f"output.aggregate[{number}]"
    known = [measure.name for measure in all_measures(sweep.resources)]
    measures = tuple(dict.fromkeys(section.measures or known))
    problems.extend(
        f"{here}.measures: {measure!r} is unknown{did_you_mean(measure, known)}"
        for measure in measures
        if measure not in known
    )
    by = tuple(dict.fromkeys(section.by))
    found = [_levels(problems, f"{here}.by", column, sweep) for column in by]
    levels = tuple(values for values in found if values is not None)
    if math.prod(map(len, levels)) > MOST_GROUPS:
        sizes = " × ".join(f"{len(values):,}" for values in levels)
        problems.append(f"{here}.by makes {sizes} groups; expected at most {MOST_GROUPS:,}")
    return Aggregate(section.name or f"aggregate-{number}", by, levels, measures)


def _levels(
    problems: Problems, here: str, column: str, sweep: Sweep
) -> tuple[str, ...] | NDArray[Any] | None:
    """The values that a column of the summary can have; None where it is none to group by."""
    words = {
        "policy": sweep.policy_names,
        "pool": tuple(sweep.settings.pools),
        "stop": tuple(reason.name for reason in StopReason),
    }
    axes = {setting.path: setting for setting in sweep.axes}
    if column in words:
        return words[column]
    if column == "block":
        return np.arange(len(sweep.blocks))
    if column not in axes:
        names = [*words, "block", *axes]
        problems.append(f"{here}: {column!r} is unknown{did_you_mean(column, names)}")
        return None
    setting = axes[column]
    swept = list(_swept(setting, sweep))
    if any(isinstance(axis, Uniform) for axis in swept):
        problems.append(
            f"{here}: {column!r} is drawn and can be any number; expected settings with a few "
            "values, as a step or a choice gives"
        )
        return None
    listed = [axis.axis if isinstance(axis, Choice) else axis for axis in swept]
    base = setting.read(sweep.settings)
    count = sum(map(len, listed))  # type: ignore[arg-type]
    if count > MOST_GROUPS:
        problems.append(
            f"{here}: {column!r} takes {count:,} values; expected at most {MOST_GROUPS:,}"
        )
        return None
    values = [axis.at(np.arange(len(axis))) for axis in listed]  # type: ignore[union-attr,arg-type]
    found: NDArray[Any] = np.unique(
        np.concatenate([*values, np.atleast_1d(np.nan if base is None else base)])
    )
    return found


def _swept(setting: Setting, sweep: Sweep) -> Iterator[Axis | Draw]:
    """All axes that write to a setting's place, under whatever name."""
    places = [setting]
    if setting.parts[2:3] == ("demand",):  # a job that states none has its pool's executor
        places.append(Setting("", ("pool", "*", "executor", setting.parts[3])))
    for block in sweep.blocks:
        for axes in (block.grid, block.linked, block.random, block.sobol):
            for swept, axis in axes.items():
                if any(
                    place.parts[0] == swept.parts[0] and place.overlaps(swept) for place in places
                ):
                    yield axis
