"""The tables of a result folder: which there are, what their columns mean, and reading them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from fairsched_fast.errors import InputError, did_you_mean
from fairsched_fast.sweep.folder.store import AGGREGATES
from fairsched_fast.sweep.results.conditions import Table, check_columns, condition

_PARTS = "[!.]*.parquet"  # names that begin with a dot are of parts that were being written


def table_names(folder: Path) -> tuple[str, ...]:
    """The tables that are there: folders with Parquet parts, and `aggregates/NAME`."""
    return tuple(sorted({_table_of(part) for part in folder.glob(f"*/{_PARTS}")}))


def _table_of(part: Path) -> str:
    """A folder's parts are one table; each aggregate is one by itself."""
    folder = part.parent.name
    return f"{folder}/{part.stem}" if folder == AGGREGATES else folder


def part_files(folder: Path, table: str) -> list[Path]:
    """The parts of a table, in the order of their names; none where there is no such table."""
    return sorted(part for part in folder.glob(f"*/{_PARTS}") if _table_of(part) == table)


def count_rows(folder: Path, table: str) -> int | None:
    """How many rows a table has: 0 where there is none, None where its parts cannot be read."""
    if table not in table_names(folder):
        return 0
    try:
        return int(open_table(folder, table).count_rows())
    except (InputError, pa.ArrowInvalid, OSError):
        return None


def open_table(folder: Path, table: str) -> ds.Dataset:
    """A table as a dataset, its parts in the order of their names.

    Raises
    ------
    InputError
        When there is no such table, or it cannot be read.
    """
    known = table_names(folder)
    if table not in known:
        raise InputError(
            f"{folder} has no table {table!r}{did_you_mean(table, known)} (the sweep file's "
            "[output] may leave it out; an unfinished sweep may not have come to it)"
        )
    try:
        return ds.dataset(list(map(str, part_files(folder, table))), format="parquet")
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged(folder, table, error) from error


def read_table(
    folder: Path, table: str, columns: Sequence[str] | None, where: str | pc.Expression | None
) -> pd.DataFrame:
    """Rows and columns of a table: see `Results.summary`."""
    dataset = open_table(folder, table)
    others = (name for name in table_names(folder) if name != table and AGGREGATES not in name)
    elsewhere = {name: other for other in others for name in open_table(folder, other).schema.names}
    asked = Table(table, dataset.schema, elsewhere)
    check_columns(columns, asked)
    rows = condition(where, asked)
    try:
        found = dataset.to_table(columns=columns, filter=rows)
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged(folder, table, error) from error
    frame: pd.DataFrame = found.to_pandas()
    return frame


def describe_columns(folder: Path) -> pd.DataFrame:
    """One row per column of each table: table, name, type, unit, description."""
    rows = []
    for table in table_names(folder):
        for field in open_table(folder, table).schema:
            about = {key.decode(): text.decode() for key, text in (field.metadata or {}).items()}
            kind = "category" if pa.types.is_dictionary(field.type) else str(field.type)
            told = (about.get("unit", ""), about.get("description", ""))
            rows.append((table, field.name, kind, *told))
    return pd.DataFrame(rows, columns=["table", "name", "type", "unit", "description"])


def holds_scenario(folder: Path, i: int) -> bool:
    """Whether any table has a row of scenario i."""
    one = pc.field("scenario") == i
    tables = [open_table(folder, name) for name in table_names(folder)]
    return any(t.count_rows(filter=one) for t in tables if "scenario" in t.schema.names)


def _damaged(folder: Path, table: str, error: Exception) -> InputError:
    what = str(error).splitlines()[0].rstrip(". ")
    return InputError(f"{folder / table}: a part cannot be read: {what}. Run the sweep again")
