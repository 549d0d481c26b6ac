"""Sections, tables and lists as plain text, nothing wrapped, nothing cut; rows as JSON has them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from fairsched_fast.errors import plural

if TYPE_CHECKING:
    import pandas as pd

NAMED = 6  # jobs that a sentence names one by one


def section(heading: str, body: str) -> str:
    """A heading, underlined, and what stands under it."""
    return f"{heading}\n{'-' * len(heading)}\n{body}"


def table(frame: pd.DataFrame) -> str:
    """Whole: text to the left, numbers to the right."""
    from pandas.api.types import is_string_dtype

    if frame.empty:
        return "(none)"
    shown = frame.copy()
    for column in frame.columns[frame.dtypes.map(is_string_dtype)]:
        width = max(len(column), int(frame[column].str.len().max()))
        shown[column] = frame[column].str.ljust(width)
        shown = shown.rename(columns={column: column.ljust(width)})
    return "\n".join(line.rstrip() for line in shown.to_string(index=False).splitlines())


def align(rows: Sequence[Sequence[str]], left: Sequence[int]) -> list[str]:
    """Columns padded to one width; those named in `left` to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def without_nan(row: dict[Any, Any]) -> dict[Any, Any]:
    """A row as JSON has it, which knows no NaN and nothing infinite: None in their place."""
    return {
        name: None if isinstance(value, float) and not isfinite(value) else value
        for name, value in row.items()
    }


def percent(count: int, of: int) -> str:
    """`12.3%`, and never 0.0% of something nor 100.0% of less than all."""
    share = f"{100 * count / of:.1f}"
    if 0 < count < of and share in ("0.0", "100.0"):
        return "<0.1%" if share == "0.0" else ">99.9%"
    return f"{share}%"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence, of many the first."""
    rest = len(names) - NAMED
    return joined([*names[:NAMED], plural(rest, "other")] if rest > 0 else list(names))


def joined(texts: list[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)
