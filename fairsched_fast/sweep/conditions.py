"""Which rows and columns of a result table are wanted: a sweep file's conditions, for pyarrow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from fairsched_fast.errors import InputError, Problems, did_you_mean
from fairsched_fast.sweep.paths import split_path
from fairsched_fast.sweep.where import Algebra, parse_filter

_ARROW = Algebra(pc, pc.scalar, lambda operand: operand.cast(pa.float64()))


def check_columns(columns: Sequence[str] | None, table: str, schema: pa.Schema) -> None:
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
    Problems(
        f"{name!r} is no column{did_you_mean(name, schema.names)}"
        for name in columns
        if name not in schema.names
    ).raise_if_any(f"columns of {table}")


def condition(where: object, table: str, schema: pa.Schema) -> pc.Expression | None:
    """A condition as pyarrow takes it; None is every row.

    Raises
    ------
    InputError
        When it is no condition, or not one on this table's columns.
    """
    if where is None:
        return None
    if isinstance(where, str):
        made = _parsed(where, table, schema)
    elif isinstance(where, pc.Expression):
        made = where
    else:
        raise InputError(
            f"where is {where!r}; expected a condition such as \"policy == 'drf'\", or an "
            "expression of pyarrow's"
        )
    try:  # on no rows: what fails here is the condition's fault, not the files'
        ds.dataset(schema.empty_table()).to_table(filter=made)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InputError(
            f"where is {where!s}: {str(error).splitlines()[0]}. Expected columns of {table}; words "
            "are compared with words, in quotes, and numbers with numbers"
        ) from error
    return made


def _parsed(where: str, table: str, schema: pa.Schema) -> pc.Expression:
    try:
        parsed = parse_filter(where, words=True)
    except ValueError as error:
        raise InputError(f"where: {error}") from None
    columns = {_parts(name): name for name in schema.names}
    problems = Problems(
        f"{path!r} is no column{did_you_mean(path, schema.names)}"
        for path in parsed.paths
        if _parts(path) not in columns
    )
    problems.raise_if_any(f"where, on {table}")
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
