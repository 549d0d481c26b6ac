"""Sections, tables and lists as plain text, cut only to a screen's width; rows as JSON has them.

Names are anyone's: what would move the cursor, set colours or turn a line is shown, never done.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from fairsched_fast.errors import plural

if TYPE_CHECKING:
    import pandas as pd

NAMED = 6  # jobs that a sentence names one by one
LONGEST = 40  # letters of a name
_ON_SCREEN = 24  # the same in a table in a terminal
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    r"""A line in which control characters and marks of direction are escapes: `\x1b`, `\u202e`."""
    return _UNSAFE.sub(lambda match: ascii(match[0])[1:-1], text)


def visible_lines(text: str) -> str:
    """The same of text of several lines."""
    return "\n".join(map(visible, text.split("\n")))


def cut(text: str, longest: int = LONGEST) -> str:
    """A long name without its middle: names often differ at their ends."""
    tail = longest // 3
    return text if len(text) <= longest else f"{text[: longest - tail - 1]}…{text[-tail:]}"


def cuts(names: Iterable[str]) -> dict[str, str]:
    """Long names → cut, those that can still be told apart."""
    short = {name: cut(name, _ON_SCREEN) for name in names}
    used = Counter(short.values())
    return {name: text for name, text in short.items() if text != name and used[text] == 1}


def shortened(line: str, width: int) -> str:
    """A line that ends with the screen."""
    return line if len(line) <= width else f"{line[: width - 1]}…"


def cut_names(frame: pd.DataFrame, width: int | None) -> pd.DataFrame:
    """For a screen, names of jobs and pools cut; whole where there is none."""
    if width is None:
        return frame
    named = frame.columns.intersection(["job", "pool", "allocated_to", "runner_up"])
    texts = [text for name in named for text in frame[name].dropna().unique()]
    shorter = cuts(texts)
    return frame.assign(**{name: frame[name].replace(shorter) for name in named})


def wrapped(sentences: Sequence[str], width: int | None) -> str:
    """A sentence a line, on a screen broken between words."""
    if width is None:
        return "\n".join(sentences)
    return "\n".join(textwrap.fill(told, width, break_on_hyphens=False) for told in sentences)


def section(heading: str, body: str) -> str:
    """A heading, underlined, and what stands under it."""
    shown = visible(heading)
    return f"{shown}\n{'-' * len(shown)}\n{body}"


def table(frame: pd.DataFrame) -> str:
    """Whole: text to the left, numbers to the right."""
    from pandas.api.types import is_string_dtype

    if frame.empty:
        return "(none)"
    shown = frame.rename(columns=lambda column: visible(str(column)))
    for column in shown.columns[shown.dtypes.map(is_string_dtype)]:
        shown[column] = shown[column].map(visible, na_action="ignore")
        width = max(len(column), int(shown[column].str.len().max()))
        shown[column] = shown[column].str.ljust(width)
        shown = shown.rename(columns={column: column.ljust(width)})
    return "\n".join(
        line.rstrip() for line in shown.to_string(index=False, na_rep="–").splitlines()
    )


def align(rows: Sequence[Sequence[str]], left: Sequence[int]) -> list[str]:
    """Columns padded to one width; those named in `left` to the left."""
    rows = [[visible(cell) for cell in row] for row in rows]
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
