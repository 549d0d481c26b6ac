"""From the words of a sweep file to a `Sweep`: everything that needs more than one key to judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fairsched_fast import engine
from fairsched_fast.engine import check_on_full
from fairsched_fast.errors import InputError, Problems
from fairsched_fast.model import Job, Pool, Scenario
from fairsched_fast.number_rules import JOB_NUMBERS
from fairsched_fast.policies.base import Policy
from fairsched_fast.policies.registry import find_policy
from fairsched_fast.sweep.scenarios.axes import Axis, Draw, extremes, read_axis, read_draw
from fairsched_fast.sweep.scenarios.jobs_table import Column, JobsTable, read_jobs_table
from fairsched_fast.sweep.scenarios.output import Output
from fairsched_fast.sweep.scenarios.output_reading import read_output
from fairsched_fast.sweep.scenarios.paths import Setting, find_setting
from fairsched_fast.sweep.scenarios.sampling import SOBOL_POINTS, Block, Sweep
from fairsched_fast.sweep.scenarios.schema import (
    BlockSection,
    ColumnSection,
    JobsSection,
    Spec,
    parse_spec,
    read_spec,
)
from fairsched_fast.sweep.scenarios.settings import Settings, read_settings
from fairsched_fast.sweep.scenarios.where import Filter, parse_filter

_LARGEST = 2**62


def load_sweep(path: Path, jobs: Path | None = None) -> Sweep:
    """Read a sweep file; `jobs` stands in for its `[jobs] csv`, which is relative to the file.

    Raises
    ------
    InputError
        Naming the file and, for every problem, the key's path.
    """
    spec, text = read_spec(path)
    return make_sweep(spec, text, str(path), path.parent, jobs)


def parse_sweep(
    text: str, where: str = "spec", folder: Path | None = None, jobs: Path | None = None
) -> Sweep:
    """The sweep that a text states; as `load_sweep`."""
    return make_sweep(parse_spec(text, where), text, where, folder or Path(), jobs)


def make_sweep(spec: Spec, text: str, where: str, folder: Path, jobs: Path | None) -> Sweep:
    """Give a file's words their meaning; as `load_sweep`."""
    problems = Problems()
    policies = _policies(problems, spec)
    _collect(problems, "on_full", check_on_full, spec.on_full)
    settings = _settings(problems, spec)
    if settings is None:
        problems.raise_if_any(where)
    assert settings is not None
    if jobs is not None and spec.jobs is None:
        problems.append(
            f"--jobs is {jobs}, and the file has no [jobs]; leave it out, or add [jobs]"
        )
    blocks = tuple(
        _block(problems, number, section, settings)
        for number, section in enumerate(spec.block or [BlockSection()])
    )
    if sum(block.size for block in blocks) >= _LARGEST:
        problems.append(f"block: the axes multiply to more than {_LARGEST:,} scenarios")
    problems.raise_if_any(where)
    table = _table(spec.jobs, settings, jobs or folder / spec.jobs.csv) if spec.jobs else None
    if table is not None and spec.jobs and not spec.jobs.replace and spec.jobs.sample > len(table):
        raise InputError(
            f"{where}: jobs.sample is {spec.jobs.sample}, and the table has {len(table)} jobs; "
            "draw fewer, or set jobs.replace = true"
        )
    sweep = Sweep(
        name=spec.name,
        seed=spec.seed,
        policies=policies,
        on_full=spec.on_full,
        settings=settings,
        blocks=blocks,
        table=table,
        sample=spec.jobs.sample if spec.jobs else 0,
        replace=spec.jobs.replace if spec.jobs else False,
        output=Output(),
        text=text,
    )
    sweep = replace(sweep, output=read_output(problems, spec.output, sweep))
    problems.raise_if_any(where)
    _check_policies(sweep, where)
    return sweep


def _policies(problems: Problems, spec: Spec) -> tuple[Policy, ...]:
    found: list[Policy] = []
    for i, stated in enumerate(spec.policies):
        policy = _collect(problems, f"policies[{i}]", find_policy, stated)
        if policy is not None:
            if policy.name in [other.name for other in found]:
                problems.append(
                    f"policies[{i}] is {policy.name!r} again; expected each policy once, or "
                    "labels that tell them apart"
                )
            found.append(policy)
    return tuple(found)


def _check_policies(sweep: Sweep, where: str) -> None:
    """Every policy makes sense of the first scenario: it knows the resources it names."""
    problems = Problems()
    try:
        batches = sweep.batches(sweep.all_rows(0, 1))
    except InputError:  # this scenario is wrong in itself: told when it is run
        return
    for i, policy in enumerate(sweep.policies):
        for batch in batches:
            _collect(problems, f"policies[{i}]", engine.prepare, batch, policy)
    problems.raise_if_any(where)


def _collect(problems: Problems, path: str, call: Any, *args: Any, **kwargs: Any) -> Any:
    """The call's value; None where it finds its input wrong, which is noted under `path`."""
    try:
        return call(*args, **kwargs)
    except InputError as error:
        problems.extend(_at(path, message) for message in error.problems)
    except ValueError as error:
        problems.append(_at(path, str(error)))
    return None


def _at(path: str, message: str) -> str:
    if message.startswith(path):
        return message
    goes_on = message.startswith(("is ", "has ", "holds ", "reaches "))
    return f"{path} {message}" if goes_on else f"{path}: {message}"


def _settings(problems: Problems, spec: Spec) -> Settings | None:
    """The file's own scenario, judged by the model's checks."""
    pools = [
        _collect(problems, f"pool[{i}] {section.name!r}", Pool, **section.model_dump())
        for i, section in enumerate(spec.pool)
    ]
    jobs = [
        _collect(problems, f"job[{i}] {section.name!r}", Job, **section.model_dump())
        for i, section in enumerate(spec.job)
    ]
    if spec.jobs is not None and spec.job:
        problems.append(
            "jobs: jobs are drawn from a table, and [[job]] lists some; expected one of the two"
        )
    if spec.jobs is not None and len(spec.pool) > 1:
        problems.append(f"jobs: jobs drawn from a table need one pool; there are {len(spec.pool)}")
    if spec.jobs is None and not spec.job:
        problems.append("job is missing; expected [[job]] sections, or [jobs] with a table")
    if None in pools or None in jobs or (spec.jobs is not None and len(spec.pool) > 1):
        return None
    drawn = _drawn(problems, spec.jobs, pools[0]) if spec.jobs else {}
    # One job stands in for those of a table: pools, budgets and caps are what is judged.
    members = jobs or [Job("drawn", demand=dict.fromkeys(pools[0].capacity, 0))]
    try:
        scenario = Scenario(pools, members, spec.extra_executors, spec.user_caps)
    except InputError as error:
        problems.extend(_by_place(message, spec) for message in error.problems)
        return None
    problems.extend(
        f"pool[{i}]: no job takes from pool {pool.name!r}; give it one, or leave it out"
        for i, pool in enumerate(pools)
        if not scenario.jobs_of(pool)
    )
    settings = read_settings(pools, jobs, dict(scenario.extra_executors), dict(scenario.user_caps))
    settings.drawn = drawn
    return settings


def _by_place(message: str, spec: Spec) -> str:
    """A message of the model's with its `job 'A'` as the file has it, `job[0] 'A'`."""
    pools, jobs = [section.name for section in spec.pool], [section.name for section in spec.job]
    for kind, names in (("pool", pools), ("job", jobs)):
        for name, i in {name: i for i, name in enumerate(names)}.items():
            twice = f"{kind}[{i}].name is the duplicate {name!r}"
            message = message.replace(f"duplicate {kind} name {name!r}", twice)
            message = message.replace(f"{kind} {name!r}", f"{kind}[{i}] {name!r}")
    return message


def _drawn(problems: Problems, section: JobsSection, pool: Pool) -> dict[str, Any]:
    """The fields of drawn jobs that are one number for all of them."""
    missing = [r for r in pool.capacity if r not in section.demand]
    problems.extend(
        f"jobs.demand lacks the resource {r!r} of its pool; name its column" for r in missing
    )
    for key in ("demand", "usage"):
        problems.extend(
            f"jobs.{key}.{r} is no resource of pool {pool.name!r}"
            for r in getattr(section, key)
            if r not in pool.capacity
        )
    numbers = {f: v for f in JOB_NUMBERS if not isinstance(v := getattr(section, f), ColumnSection)}
    _collect(problems, "jobs", Job, "drawn", **numbers)
    return numbers


def _table(section: JobsSection, settings: Settings, path: Path) -> JobsTable:
    def column(given: ColumnSection) -> Column:
        return Column(given.column, given.factor)

    fields = {
        f: column(v) for f in JOB_NUMBERS if isinstance(v := getattr(section, f), ColumnSection)
    }
    return read_jobs_table(
        path,
        section.name,
        {r: column(c) for r, c in section.demand.items()},
        {r: column(c) for r, c in section.usage.items()},
        fields,
        list(next(iter(settings.pools.values()))["capacity"]),
    )


def _block(problems: Problems, number: int, section: BlockSection, settings: Settings) -> Block:
    here = f"block[{number}]"
    grid = _axes(problems, f"{here}.grid", section.grid, settings)
    linked = _axes(problems, f"{here}.zip", section.zip, settings)
    lengths = {setting.path: len(axis) for setting, axis in linked.items()}
    if len(set(lengths.values())) > 1:
        problems.append(f"{here}.zip links axes of lengths {lengths}; expected one length")
    if section.random and section.sobol:
        problems.append(f"{here} has both random and sobol; expected one of them (use two blocks)")
    random, random_draws = _draws(problems, f"{here}.random", section.random, settings)
    sobol, sobol_draws = _draws(problems, f"{here}.sobol", section.sobol, settings)
    if sobol and sobol_draws * section.repeat > SOBOL_POINTS:
        problems.append(
            f"{here}.sobol.n is {sobol_draws:,}, repeated {section.repeat:,} times; expected at "
            f"most {SOBOL_POINTS:,} points (random has no such end)"
        )
    swept = [setting.parts for axes in (grid, linked, random, sobol) for setting in axes]
    problems.extend(
        f"{here} sweeps {'.'.join(parts)!r} twice; expected one axis for it"
        for parts in dict.fromkeys(swept)
        if swept.count(parts) > 1
    )
    where = None
    if section.where is not None:
        where = _where(problems, f"{here}.where", section.where, settings, swept)
    return Block(
        number, grid, linked, random, sobol, random_draws * sobol_draws, section.repeat, where
    )


def _axes(
    problems: Problems, here: str, given: Mapping[str, Any], settings: Settings
) -> dict[Setting, Axis]:
    axes: dict[Setting, Axis] = {}
    for path, values in given.items():
        setting = _collect(problems, f"{here}", find_setting, path, settings)
        if setting is None and isinstance(values, Mapping) and "range" not in values:
            problems[-1] += '; quote a path as a whole, "pool.Batch.capacity.cpu" = …'
            continue
        axis = _collect(problems, f"{here}.{path!r}", read_axis, values)
        if setting is not None and axis is not None:
            _check_values(problems, f"{here}.{path!r}", setting, axis)
            axes[setting] = axis
    return axes


def _draws(
    problems: Problems, here: str, given: Mapping[str, Any], settings: Settings
) -> tuple[dict[Setting, Draw], int]:
    if not given:
        return {}, 1
    count = given.get("n")
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        problems.append(f"{here}.n is {count!r}; expected how many scenarios to draw, 1 or more")
        count = 1
    draws: dict[Setting, Draw] = {}
    for path, values in given.items():
        if path == "n":
            continue
        setting = _collect(problems, f"{here}", find_setting, path, settings)
        if setting is None:
            continue
        draw = _collect(problems, f"{here}.{path!r}", read_draw, values, whole=setting.rule.whole)
        if draw is not None:
            _check_values(problems, f"{here}.{path!r}", setting, draw)
            draws[setting] = draw
    if set(given) <= {"n"}:
        problems.append(f"{here} draws nothing; expected a setting's path beside n")
    return draws, count


def _where(
    problems: Problems,
    here: str,
    text: str,
    settings: Settings,
    swept: Sequence[tuple[str, ...]],
) -> Filter | None:
    parsed: Filter | None = _collect(problems, here, parse_filter, text)
    for path in parsed.paths if parsed else ():
        setting = _collect(problems, here, find_setting, path, settings)
        if setting is not None and "*" in setting.parts[1:2] and setting.parts not in swept:
            problems.append(
                f"{here}: {path!r} is every job, and this block does not sweep it; expected the "
                "setting of one job"
            )
    return parsed


def _check_values(problems: Problems, here: str, setting: Setting, axis: Axis | Draw) -> None:
    """Every value an axis can take must be one the setting may have."""
    for value in extremes(axis):
        before = len(problems)
        setting.rule.check(problems, here, value)
        if len(problems) > before:
            return
