"""Jobs drawn from a table: a CSV file whose rows are the jobs of some real cluster."""

from __future__ import annotations

import csv
import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch import Batch, Labels
from fairsched_fast.errors import InputError, Problems, did_you_mean
from fairsched_fast.model import Job
from fairsched_fast.number_rules import JOB_NUMBERS, NO_LIMIT, QUANTITY
from fairsched_fast.sweep.scenarios.settings import Settings, plain_number, stack

_MANY = 10  # problems named before "and more"


@dataclass(frozen=True, slots=True)
class Column:
    """Where a number comes from: a column of the table, times a factor into our unit."""

    name: str
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class JobsTable:
    """M jobs to draw from. Quantities in the pool's units, resources in its order."""

    names: NDArray[np.object_]  # (M,)
    name_rank: NDArray[np.int32]  # (M,)
    demand: NDArray[np.float64]  # (M, R)
    usage: NDArray[np.float64]  # (M, R)
    fields: dict[str, NDArray[np.float64]]  # max_executors … from columns, (M,) each
    source: str  # the file
    sha256: str  # of its bytes

    def __len__(self) -> int:
        return len(self.names)

    def batch(self, settings: Settings, drawn: NDArray[np.int64]) -> Batch:
        """The scenarios whose jobs are rows `drawn` (n, J) of the table."""
        (pool, quantities), n = next(iter(settings.pools.items())), len(drawn)
        constants: dict[str, Any] = {
            name: _jobs_shared(leaf) for name, leaf in settings.drawn.items()
        }
        columns: dict[str, Any] = {name: values[drawn] for name, values in self.fields.items()}
        resources = list(quantities["capacity"])
        batch = Batch(
            capacity=stack([quantities["capacity"][r] for r in resources]),
            demand=self.demand[drawn],
            usage=self.usage[drawn] if self.usage.any() else None,
            extra_executors=np.broadcast_to(stack(settings.extra_executors[pool]), n),
            resources=resources,
            **{**constants, **columns},
        )
        batch.labels = Labels(
            scenario=batch.labels.scenario,
            pool=np.array([pool], object),
            jobs=self.names[drawn],
            resources=tuple(resources),
        )
        batch.name_rank = np.ascontiguousarray(self.name_rank[drawn].T)
        return batch

    def jobs(self, settings: Settings, drawn: NDArray[np.int64]) -> Iterator[Job]:
        """The same for one scenario, as a person would write it: `drawn` is (J,)."""
        resources = list(next(iter(settings.pools.values()))["capacity"])
        times = Counter[int]()
        for m in drawn.tolist():
            times[m] += 1
            again = f" ({times[m]})" if times[m] > 1 else ""  # drawn with replacement
            fields: dict[str, Any] = {k: _counted(v) for k, v in settings.drawn.items()}
            fields.update({name: _counted(values[m]) for name, values in self.fields.items()})
            yield Job(
                self.names[m] + again,
                usage=dict(zip(resources, self.usage[m].tolist(), strict=True)),
                demand=dict(zip(resources, self.demand[m].tolist(), strict=True)),
                **fields,
            )


def _jobs_shared(leaf: Any) -> NDArray[Any]:
    """(S', 1) from a leaf that holds for all jobs."""
    return stack(NO_LIMIT if leaf is None else leaf)[:, np.newaxis]


def _counted(value: Any) -> Any:
    number = plain_number(value)
    return int(number) if isinstance(number, float) and number.is_integer() else number


def read_jobs_table(
    path: Path,
    name: str,
    demand: Mapping[str, Column],
    usage: Mapping[str, Column],
    fields: Mapping[str, Column],
    resources: list[str],
) -> JobsTable:
    """Read the columns that are asked for; all others are left alone.

    Raises
    ------
    InputError
        On a missing or malformed file, naming line and column; every problem at once.
    """
    rows = _read_rows(path)
    header = next(rows)[1]
    wanted = [Column(name), *demand.values(), *usage.values(), *fields.values()]
    problems = Problems(
        f"line 1: there is no column {column.name!r}{did_you_mean(column.name, header)}"
        for column in wanted
        if column.name not in header
    )
    problems.extend(
        f"line 1: the column {column!r} is there {header.count(column)} times; expected it once"
        for column in dict.fromkeys(column.name for column in wanted)
        if header.count(column) > 1
    )
    problems.raise_if_any(str(path))
    rules = [*[""] * (len(demand) + len(usage)), *fields]
    numeric = [(c, header.index(c.name), rule) for c, rule in zip(wanted[1:], rules, strict=True)]
    at_name = header.index(name)
    names: dict[str, int] = {}
    values: list[list[float]] = []
    for line, row in rows:
        if len(row) != len(header):
            problems.append(f"line {line}: {len(row)} cells; expected {len(header)}, as in line 1")
        else:
            if not row[at_name]:
                problems.append(f"line {line}, column {name!r}: empty; expected a name")
            elif row[at_name] in names:
                before = names[row[at_name]]
                problems.append(
                    f"line {line}, column {name!r}: {row[at_name]!r} is in line {before} already"
                )
            names.setdefault(row[at_name], line)
            values.append([_number(problems, line, c, row[i], rule) for c, i, rule in numeric])
        if len(problems) >= _MANY:
            problems.append("… and perhaps more below")
            break
    if not values and not problems:
        problems.append("there are no rows below the header; expected one per job")
    problems.raise_if_any(str(path))
    return _table(path, list(names), np.array(values), demand, usage, fields, resources)


def _table(
    path: Path,
    names: list[str],
    values: NDArray[np.float64],
    demand: Mapping[str, Column],
    usage: Mapping[str, Column],
    fields: Mapping[str, Column],
    resources: list[str],
) -> JobsTable:
    columns = iter(values.reshape(len(names), -1).T)
    quantities = []
    for mapping in (demand, usage):
        found = {resource: next(columns) for resource in mapping}
        quantities.append(np.stack([found.get(r, np.zeros(len(names))) for r in resources], axis=1))
    rank = np.empty(len(names), np.int32)
    rank[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    return JobsTable(
        names=np.array(names, object),
        name_rank=rank,
        demand=quantities[0],
        usage=quantities[1],
        fields={field: next(columns) for field in fields},
        source=path.name,
        sha256=file_hash(path),
    )


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line, cells), the header first; blank lines are left out."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, None)
            if not header:
                raise InputError(f"{path}: line 1 is empty; expected a header, then a row per job")
            yield 1, header
            try:
                for row in reader:
                    if row:
                        yield reader.line_num, row
            except csv.Error as error:
                raise InputError(
                    f"{path}: line {reader.line_num}: no valid CSV: {error}"
                ) from error
    except FileNotFoundError:
        raise InputError(
            f"{path}: there is no such file; expected a CSV of jobs (see --jobs)"
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as CSV: {error}") from error


def _number(problems: Problems, line: int, column: Column, cell: str, field: str) -> float:
    """A cell in our unit; `field` is the setting of a job that it is, "" for a quantity."""
    wrong = Problems()
    try:
        # In decimals, as people would: 13 × 0.001 is 0.013, which the product of floats is not.
        value = float(Decimal(cell) * Decimal(str(column.factor)))
    except (ValueError, ArithmeticError):
        value = math.nan
    JOB_NUMBERS.get(field, QUANTITY).check(wrong, "it", value)
    times = f" × {column.factor:g}" if column.factor != 1 else ""
    problems.extend(
        f"line {line}, column {column.name!r}: {cell!r}{times}; {problem.partition('; ')[2]}"
        for problem in wrong
    )
    return value
