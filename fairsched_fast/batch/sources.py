"""Making a Batch from what people have: Scenarios, or a tidy table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch import Batch, Labels
from fairsched_fast.errors import InputError, Problems, did_you_mean
from fairsched_fast.model import Job, Scenario, demand_of, listed
from fairsched_fast.number_rules import COUNT, JOB_NUMBERS, JOB_QUANTITIES, NO_LIMIT, QUANTITY

if TYPE_CHECKING:
    import pandas as pd

_MISSING = {"max_executors": NO_LIMIT, "weight": 1.0}  # other numbers are 0 where left out
_PREFIXES = ("capacity_", *(f"{name}_" for name in JOB_QUANTITIES))
_BLANK = ("guarantee", "limit")  # quantities that may be left unsaid
_KNOWN = ("scenario", "pool", "job", "extra_executors", "user", "user_cap", *JOB_NUMBERS)


def batch_from_scenarios(scenarios: Scenario | Iterable[Scenario]) -> Batch:
    """See `Batch.from_scenarios`."""
    several = listed("scenarios", scenarios, Scenario)
    for given in several:
        if not isinstance(given, Scenario):
            raise InputError(f"scenarios hold {given!r}; expected Scenario objects, or one Batch")
    rows = [
        (i, scenario, pool, scenario.jobs_of(pool))
        for i, scenario in enumerate(several)
        for pool in scenario.pools
    ]
    if not rows:
        raise InputError("batch: there are no scenarios; expected at least one")
    pools = [pool for _, _, pool, _ in rows]
    jobs = [members for _, _, _, members in rows]
    resources = list(dict.fromkeys(name for pool in pools for name in pool.capacity))
    S, J, R = len(rows), max(1, *map(len, jobs)), len(resources)
    numbers: dict[str, Any] = {
        name: np.full((S, J), _MISSING.get(name, 0.0)) for name in JOB_NUMBERS
    }
    quantities: dict[str, Any] = {
        name: np.full((S, J, R), np.nan if name in _BLANK else 0.0) for name in JOB_QUANTITIES
    }
    for s, (pool, members) in enumerate(zip(pools, jobs, strict=True)):
        numbers["max_executors"][s, len(members) :] = 0
        for j, job in enumerate(members):
            for name, column in numbers.items():
                if (number := getattr(job, name)) is not None:
                    column[s, j] = number
            for name, array in quantities.items():
                stated = demand_of(job, pool) if name == "demand" else getattr(job, name)
                for resource, amount in stated.items():
                    array[s, j, resources.index(resource)] = amount
    user, user_cap = _users([(scenario, members) for _, scenario, _, members in rows], J)
    batch = Batch(
        capacity=[[pool.capacity.get(name, 0) for name in resources] for pool in pools],
        user=user,
        user_cap=user_cap,
        extra_executors=[scenario.extra_executors[pool.name] for _, scenario, pool, _ in rows],
        resources=resources,
        **quantities,
        **numbers,
    )
    names = _name_table([[job.name for job in members] for members in jobs], J)
    batch.present = _present(names)
    batch.labels = Labels(
        scenario=np.array([i for i, *_ in rows]),
        pool=np.array([pool.name for pool in pools], object),
        jobs=names,
        resources=tuple(resources),
        place=_places([list(pool.capacity) for pool in pools], resources),
    )
    return batch.ranked_by_name()


def _places(own: list[list[str]], resources: list[str]) -> NDArray[np.int64] | None:
    """(S, R): see `Labels.place`; `own` are the resources that each pool lists."""
    if all(names == resources for names in own):
        return None
    R = len(resources)
    return np.array(
        [[names.index(r) if r in names else R for r in resources] for names in own], np.int64
    )


def _users(
    rows: Sequence[tuple[Scenario, tuple[Job, ...]]], J: int
) -> tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]:
    """(S, J) user of each job and (S, U) caps, over the capped users of all rows."""
    users = list(dict.fromkeys(user for scenario, _ in rows for user in scenario.user_caps))
    if not users:
        return None, None
    index = {user: u for u, user in enumerate(users)}
    user = np.full((len(rows), J), -1)
    for s, (_, members) in enumerate(rows):
        user[s, : len(members)] = [index.get(job.user or "", -1) for job in members]
    caps = [[scenario.user_caps.get(name, NO_LIMIT) for name in users] for scenario, _ in rows]
    return user, np.array(caps)


def _name_table(names: list[list[str]], J: int) -> NDArray[np.object_]:
    """(S', J), padded with ""."""
    shared = all(row == names[0] for row in names)
    table = np.full((1 if shared else len(names), J), "", object)
    for s, row in enumerate(names[: len(table)]):
        table[s, : len(row)] = row
    return table


def _present(names: NDArray[np.object_]) -> NDArray[np.bool_] | None:
    present = np.ascontiguousarray((names != "").T)
    return None if present.all() else present


def batch_from_frame(frame: pd.DataFrame) -> Batch:
    """See `Batch.from_frame`."""
    if not hasattr(frame, "reset_index"):
        raise InputError(f"table is a {type(frame).__name__}; expected a pandas DataFrame")
    frame = frame.reset_index(drop=True)
    resources = _check_columns(frame)
    keys = ["scenario"] + (["pool"] if "pool" in frame else [])
    by_row = frame.groupby(keys, sort=False, observed=True)
    row = by_row.ngroup().to_numpy()
    place = by_row.cumcount().to_numpy()
    S, J = int(row.max()) + 1, int(place.max()) + 1
    first = np.flatnonzero(place == 0)
    _check_constant(frame, keys, [f"capacity_{r}" for r in resources] + ["extra_executors"])

    def over_jobs(column: str, missing: float) -> NDArray[Any]:
        grid = np.full((S, J), float(missing))  # not an integer's dtype: it would cut off fractions
        if column in frame:
            grid[row, place] = frame[column].astype(np.float64).fillna(missing).to_numpy()
        return grid

    def over_resources(name: str) -> NDArray[np.float64] | None:
        missing = np.nan if name in _BLANK else 0.0
        if name in _BLANK and not any(f"{name}_{r}" in frame for r in resources):
            return None
        return np.stack([over_jobs(f"{name}_{r}", missing) for r in resources], axis=-1)

    present = np.zeros((S, J), np.bool_)
    present[row, place] = True
    numbers: dict[str, Any] = {
        name: over_jobs(name, _MISSING.get(name, 0.0)) for name in JOB_NUMBERS
    }
    numbers["max_executors"][~present] = 0
    quantities: dict[str, Any] = {name: over_resources(name) for name in JOB_QUANTITIES}
    user, user_cap = _frame_users(frame, keys, row, place, (S, J))
    batch = Batch(
        capacity=frame.loc[first, [f"capacity_{r}" for r in resources]].to_numpy(np.float64),
        extra_executors=frame.loc[first, "extra_executors"].to_numpy(np.float64),
        user=user,
        user_cap=user_cap,
        resources=resources,
        **quantities,
        **numbers,
    )
    names = np.full((S, J), "", object)
    names[row, place] = frame["job"].astype(str).to_numpy()
    batch.present = None if present.all() else np.ascontiguousarray(present.T)
    batch.labels = Labels(
        scenario=frame.loc[first, "scenario"].to_numpy(np.int64),
        pool=frame.loc[first, "pool"].to_numpy(object) if "pool" in frame else batch.labels.pool,
        jobs=names[:1] if (names == names[0]).all() else names,
        resources=tuple(resources),
    )
    return batch


def _check_columns(frame: pd.DataFrame) -> list[str]:
    """The resources that the columns name, once the columns are found to be sound."""
    problems = Problems()
    columns = [str(column) for column in frame.columns]
    resources = [c.removeprefix("capacity_") for c in columns if c.startswith("capacity_")]
    needed = ["scenario", "job", "extra_executors", *(f"demand_{r}" for r in resources)]
    problems.extend(f"column {name!r} is missing" for name in needed if name not in columns)
    if not resources:
        problems.append("there is no column capacity_<resource>; expected one for each resource")
    known = [*_KNOWN, *(prefix + r for prefix in _PREFIXES for r in resources)]
    problems.extend(
        f"column {name!r} is unknown{did_you_mean(name, known)}"
        for name in columns
        if name not in known
    )
    problems.extend(
        f"column {name!r} stands twice"
        for name in dict.fromkeys(columns)
        if columns.count(name) > 1
    )
    if not len(frame):
        problems.append("the table has no rows; expected one per scenario and job")
    problems.raise_if_any("table")
    words = {"scenario", "pool", "job", "user"}
    may_be_empty = {"max_executors", "user", "user_cap"} | {
        f"{name}_{r}" for name in _BLANK for r in resources
    }
    for name in columns:
        empty = frame[name].isna()
        if name not in words and not _is_numeric(frame[name][~empty]):
            problems.append(f"column {name!r} has dtype {frame[name].dtype}; expected numbers")
        if name == "job":
            empty |= frame[name].astype(str).str.strip() == ""
        if name not in may_be_empty and empty.any():
            problems.append(f"column {name!r} has an empty cell at row {int(empty.argmax())}")
    if frame["scenario"].dtype.kind not in "iu":
        problems.append(
            f"column 'scenario' has dtype {frame['scenario'].dtype}; expected whole numbers"
        )
    keys = [key for key in ("scenario", "pool", "job") if key in columns]
    problems.raise_if_any("table")
    _check_numbers(problems, frame, keys, [name for name in columns if name not in words])
    twice = frame.duplicated(keys)
    if not problems and twice.any():
        cells = _cells(keys, [frame.loc[int(twice.argmax()), key] for key in keys])
        problems.append(f"duplicate job: {cells} stands twice")
    problems.raise_if_any("table")
    return resources


def _check_numbers(
    problems: Problems, frame: pd.DataFrame, keys: Sequence[str], columns: Sequence[str]
) -> None:
    """Finite, 0 or more, and whole where a column counts; an empty cell is let be."""
    for name in columns:
        values = frame[name].astype(np.float64).to_numpy()
        rule = JOB_NUMBERS.get(name, QUANTITY if name.startswith(_PREFIXES) else COUNT)
        wrong = (values < rule.least) | np.isinf(values)
        wrong |= rule.whole & (values != np.rint(values))
        wrong &= ~np.isnan(values)
        if wrong.any():
            place = int(wrong.argmax())
            cells = _cells(keys, [frame.loc[place, key] for key in keys])
            kind = "a whole number" if rule.whole else "a finite number"
            least = ", 0 or more" if rule.least == 0 else ""
            problems.append(
                f"column {name!r} is {values[place]:g} for {cells}; expected {kind}{least}"
            )


def _check_constant(frame: pd.DataFrame, keys: list[str], columns: list[str]) -> None:
    """Each column has one value within each group."""
    problems = Problems()
    for column in columns:
        spread = frame.groupby(keys, sort=False, observed=True)[column].nunique(dropna=False)
        if (spread > 1).any():
            place = int((spread > 1).argmax())
            where = spread.index[place]
            cells = _cells(keys, where if isinstance(where, tuple) else (where,))
            problems.append(
                f"column {column!r} has {spread.iloc[place]} values for {cells}; expected one"
            )
    problems.raise_if_any("table")


def _is_numeric(column: pd.Series[Any]) -> bool:
    """Whether a column without its empty cells holds numbers."""
    return not len(column) or column.infer_objects().dtype.kind in "iufb"


def _cells(keys: Sequence[str], values: Sequence[Any]) -> str:
    """`scenario 0, job 'a'`."""
    plain = [value.item() if isinstance(value, np.generic) else value for value in values]
    return ", ".join(f"{key} {value!r}" for key, value in zip(keys, plain, strict=True))


def _frame_users(
    frame: pd.DataFrame,
    keys: list[str],
    row: NDArray[Any],
    place: NDArray[Any],
    shape: tuple[int, int],
) -> tuple[NDArray[np.int64] | None, NDArray[np.float64] | None]:
    """(S, J) user of each job and (S, U) caps."""
    if "user" not in frame or "user_cap" not in frame:
        return None, None
    codes, names = frame["user"].factorize()
    _check_constant(frame[frame["user"].notna()], [*keys, "user"], ["user_cap"])
    user = np.full(shape, -1)
    user[row, place] = codes
    caps = np.full((shape[0], max(1, len(names))), float(NO_LIMIT))
    given = frame["user_cap"].astype(np.float64).fillna(NO_LIMIT).to_numpy()
    held = codes >= 0
    caps[row[held], codes[held]] = given[held]
    return user, caps
