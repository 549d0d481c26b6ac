"""Paths: how a sweep names a setting, `pool.Batch.capacity.cpu`, and where it stands.

A name with a dot (or a space) is quoted: `job."etl.nightly".weight`. `job.*` is every job.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fairsched_fast.errors import did_you_mean
from fairsched_fast.number_rules import COUNT, JOB_NUMBERS, JOB_QUANTITIES, QUANTITY, NumberRule
from fairsched_fast.sweep.scenarios.settings import Settings

_EXAMPLE = (
    "names joined by dots, as in pool.Batch.capacity.cpu; a name with a dot or a space is quoted, "
    'as in job."my job".weight'
)
_PART = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^."'\s]+))\s*(\.|$)""")


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that an axis sweeps over."""

    path: str
    parts: tuple[str, ...]

    @property
    def rule(self) -> NumberRule:
        """What its values may be."""
        if len(self.parts) == 4:
            return QUANTITY
        return JOB_NUMBERS[self.parts[-1]] if self.parts[0] in ("job", "jobs") else COUNT

    @property
    def resource(self) -> str | None:
        """The resource it is a quantity of."""
        return self.parts[3] if len(self.parts) == 4 else None

    def overlaps(self, other: Setting) -> bool:
        """Whether they stand in one place, as `job.*.weight` and `job.A.weight` do."""
        return len(self.parts) == len(other.parts) and all(
            mine == theirs or "*" in (mine, theirs)
            for mine, theirs in zip(self.parts, other.parts, strict=True)
        )

    def read(self, settings: Settings) -> Any:
        """Its value; that of the first job where it stands for all. None is no ceiling."""
        place, key = next(self._places(settings))
        if key in place:
            return place[key]
        job = (
            settings.jobs[self.parts[1]]
            if self.parts[1] != "*"
            else next(iter(settings.jobs.values()))
        )
        if self.parts[2] == "demand":
            return settings.pools[job["pool"]]["executor"][key]
        return None if self.parts[2] == "limit" else 0

    def write(self, settings: Settings, value: Any) -> None:
        """Set it, in every place it stands for."""
        for place, key in self._places(settings):
            place[key] = value

    def _places(self, settings: Settings) -> Iterator[tuple[dict[str, Any], str]]:
        head, *rest = self.parts
        if head == "pool":
            name, quantity, resource = rest
            yield settings.pools[name][quantity], resource
        elif head == "job":
            for job in settings.jobs.values() if rest[0] == "*" else [settings.jobs[rest[0]]]:
                yield (job, rest[1]) if len(rest) == 2 else (job[rest[1]], rest[2])
        elif head == "jobs":
            yield settings.drawn, rest[0]
        elif head == "user_caps":
            yield settings.user_caps, rest[0]
        else:
            yield settings.extra_executors, rest[0]


def split_path(path: str) -> tuple[str, ...]:
    """The parts of a path.

    Raises
    ------
    ValueError
        When it is no path.
    """
    parts: list[str] = []
    position = 0
    while position < len(path) or not parts:
        match = _PART.match(path, position)
        if match is None:
            raise ValueError(f"{path!r} is no path; expected {_EXAMPLE}")
        parts.append(next(group for group in match.groups()[:3] if group is not None))
        position = match.end()
        if match.group(4) == "":
            break
    if position < len(path) or path.rstrip().endswith("."):
        raise ValueError(f"{path!r} is no path; expected {_EXAMPLE}")
    return tuple(parts)


def find_setting(path: str, settings: Settings) -> Setting:
    """The setting that a path names.

    Raises
    ------
    ValueError
        When it names nothing, saying what there is instead.
    """
    parts = split_path(path)
    head, rest = parts[0], parts[1:]
    heads = {"pool", "job", "extra_executors", "user_caps"} | (
        {"jobs"} if settings.drawn else set()
    )
    _one_of(path, head, heads)
    if head == "pool":
        _shape(path, rest, 3, "pool.<name>.capacity|executor.<resource>")
        _one_of(path, rest[0], settings.pools)
        _one_of(path, rest[1], {k for k in ("capacity", "executor") if settings.pools[rest[0]][k]})
        _one_of(path, rest[2], settings.pools[rest[0]]["capacity"])
    elif head == "job":
        _find_in_job(path, rest, settings)
    elif head == "jobs":
        _shape(path, rest, 1, "jobs.<field>")
        _one_of(path, rest[0], settings.drawn)
    elif head == "user_caps":
        _shape(path, rest, 1, "user_caps.<user>")
        _one_of(path, rest[0], settings.user_caps)
    else:
        if not rest and len(settings.pools) == 1:
            rest = tuple(settings.pools)
        _shape(path, rest, 1, "extra_executors.<pool>")
        _one_of(path, rest[0], settings.pools)
    return Setting(path, (head, *rest))


def _find_in_job(path: str, rest: tuple[str, ...], settings: Settings) -> None:
    if len(rest) not in (2, 3):
        _shape(
            path, rest, 2, "job.<name>.<field>, job.<name>.usage|demand|guarantee|limit.<resource>"
        )
    if not settings.jobs:
        raise ValueError(
            f"{path!r} names a job, and jobs are drawn from a table; expected jobs.<field>"
        )
    if rest[0] != "*":
        _one_of(path, rest[0], settings.jobs)
    if len(rest) == 2:
        _one_of(path, rest[1], JOB_NUMBERS)
        return
    _one_of(path, rest[1], JOB_QUANTITIES)
    for job in settings.jobs.values() if rest[0] == "*" else [settings.jobs[rest[0]]]:
        _one_of(path, rest[2], settings.pools[job["pool"]]["capacity"])


def _shape(path: str, rest: tuple[str, ...], parts: int, expected: str) -> None:
    if len(rest) != parts:
        raise ValueError(f"{path!r} names no setting; expected {expected}")


def _one_of(path: str, name: str, known: Mapping[str, Any] | set[str] | tuple[str, ...]) -> None:
    if name not in known:
        raise ValueError(f"{path!r} names nothing: {name!r} is unknown{did_you_mean(name, known)}")
