"""Which rows and columns of a result table are wanted: a sweep file's conditions, for pyarrow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from fairsched_fast.errors import InputError, Problems, did_you_mean
from fairsched_fast.sweep.scenarios.paths import split_path
from fairsched_fast.sweep.scenarios.where import Algebra, parse_filter


def _constant(value: float | str) -> pc.Expression:
    fits = isinstance(value, str) or abs(value) < 2**63
    return pc.scalar(value if fits else float(value))


_ARROW = Algebra(pc, _constant, lambda operand: operand.cast(pa.float64()))


@dataclass(frozen=True, slots=True)
class Table:
    """What can be asked of a table, and what of another."""

    name: str
    schema: pa.Schema
    elsewhere: Mapping[str, str]  # columns of other tables, and which

    def lacks(self, column: str) -> str:
        """That it has no such column, and what to do."""
        if column in self.elsewhere:
            return (
                f"{column!r} is a column of {self.elsewhere[column]}; look up scenarios there, "
                f'then ask {self.name} for them: where=pc.field("scenario").isin(…)'
            )
        return f"{column!r} is no column{did_you_mean(column, self.schema.names)}"


def check_columns(columns: Sequence[str] | None, table: Table) -> None:
    """Every column is one of the table's.

    Raises
    ------
    InputError
        Naming those that are not.
    """
    if columns is None:
        return
    if isinstance(columns, str):
        raise InputError(f"columns is {columns!r}; expected a list of names, [{columns!r}]")
    missing = [name for name in columns if name not in table.schema.names]
    Problems(map(table.lacks, missing)).raise_if_any(f"columns of {table.name}")


def condition(where: object, table: Table) -> pc.Expression | None:
    """A condition as pyarrow takes it; None is every row.

    Raises
    ------
    InputError
        When it is no condition, or not one on this table's columns.
    """
    if where is None:
        return None
    if not isinstance(where, str | pc.Expression):
        raise InputError(
            f"where is {where!r}; expected a condition such as \"policy == 'drf'\", or an "
            "expression of pyarrow's"
        )
    try:  # on no rows: what fails here is the condition's fault, not the files'
        made = _parsed(where, table) if isinstance(where, str) else where
        ds.dataset(table.schema.empty_table()).to_table(filter=made)
    except InputError:
        raise
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InputError(
            f"where is {where!s}, which cannot be asked of {table.name}: "
            f"{str(error).splitlines()[0]}; expected columns that Results.columns lists, words "
            "compared with words (in quotes) and numbers with numbers"
        ) from error
    return made


def _parsed(where: str, table: Table) -> pc.Expression:
    try:
        parsed = parse_filter(where, words=True)
    except ValueError as error:
        raise InputError(f"where: {error}") from None
    columns = {_parts(name): name for name in table.schema.names}
    missing = [path for path in parsed.paths if _parts(path) not in columns]
    Problems(map(table.lacks, missing)).raise_if_any(f"where, on {table.name}")
    return parsed.over([_operand(columns[_parts(path)]) for path in parsed.paths], _ARROW)


def _operand(column: str) -> Any:
    """A column; as in a sweep file, no ceiling counts as infinite."""
    field, parts = pc.field(column), _parts(column)
    if len(parts) > 1 and (parts[-1] == "max_executors" or parts[-2] == "limit"):
        return pc.coalesce(field.cast(pa.float64()), pc.scalar(math.inf))
    return field


def _parts(name: str) -> tuple[str, ...]:
    """A column's name however it is quoted: those of settings are their paths."""
    try:
        return split_path(name)
    except ValueError:
        return (name,)
