"""The summary of a result folder, a slab of scenarios at a time: memory does not grow with S."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fairsched_fast.result import StopReason
from fairsched_fast.sweep.results.opened import Results
from fairsched_fast.sweep.results.tables import part_files

Floats = NDArray[np.float64]

UNREADABLE = (pa.ArrowException, OSError, KeyError, ValueError)
"""What reading a damaged part, or one that is no sweep's, ends with."""


@dataclass(frozen=True, slots=True)
class Slab:
    """Some scenarios of the summary. S scenarios, P policies, Q pools."""

    scenario: NDArray[np.int64]  # (S,) ids
    settings: Mapping[str, Floats]  # path → (S,); NaN where there is none
    figures: Mapping[str, Floats]  # measure → (P, Q, S)
    stop: NDArray[np.int64]  # (P, Q, S) `StopReason`


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows of a summary lie: scenario by scenario, then by policy, then by pool."""

    policies: tuple[str, ...]
    pools: tuple[str, ...]
    axes: tuple[str, ...]
    measures: tuple[str, ...]
    parts: tuple[Path, ...]


def layout_of(results: Results) -> Layout | None:
    """How the folder's summary lies; None where there is none that can be read."""
    parts = tuple(part_files(results.folder, "summary"))
    policies = tuple(map(str, results.manifest.get("policies", ())))
    for part in parts:
        try:
            with pq.ParquetFile(part) as file:
                names = file.schema_arrow.names
                head = file.read_row_group(0, columns=["scenario", "pool"])
        except UNREADABLE:
            continue
        first = head.filter(pa.compute.equal(head["scenario"], head["scenario"][0]))
        begins, ends = names.index("pool") + 1, names.index("steps")
        return Layout(
            policies,
            tuple(dict.fromkeys(first["pool"].to_pylist())),
            tuple(names[begins:ends]),
            tuple(name for name in names[ends:] if name != "stop"),
            parts,
        )
    return None


def slabs(
    layout: Layout, measures: Sequence[str], axes: Sequence[str], damaged: dict[str, str]
) -> Iterator[Slab]:
    """The scenarios of all parts in order, of these columns alone.

    What is wrong with a part is put into `damaged`, by its name, and the rest of it left out.
    """
    columns = ["scenario", "policy", "pool", "stop", *axes, *measures]
    for part in layout.parts:
        try:
            with pq.ParquetFile(part) as file:
                for group in range(file.num_row_groups):
                    table = file.read_row_group(group, columns=columns)
                    yield _slab(table, layout, measures, axes)
        except UNREADABLE as error:
            damaged[part_name(part)] = str(error).splitlines()[0]


def slabs_of(
    folder: Path, name: str, columns: Sequence[str], damaged: dict[str, str]
) -> Iterator[pa.Table]:
    """A table, slab by slab, of these of its columns that are there; `damaged` as for `slabs`."""
    for path in part_files(folder, name):
        try:
            with pq.ParquetFile(path) as file:
                there = [column for column in columns if column in file.schema_arrow.names]
                for group in range(file.num_row_groups):
                    yield file.read_row_group(group, columns=there)
        except UNREADABLE as error:
            damaged[part_name(path)] = str(error).splitlines()[0]


def part_name(part: Path) -> str:
    """A part within its folder, as a page names it."""
    return f"{part.parent.name}/{part.name}"


def _slab(table: pa.Table, layout: Layout, measures: Sequence[str], axes: Sequence[str]) -> Slab:
    P, Q = len(layout.policies), len(layout.pools)
    n, rest = divmod(table.num_rows, P * Q)
    for name, expected in (
        ("policy", np.repeat(np.arange(P), Q)),
        ("pool", np.tile(np.arange(Q), P)),
    ):
        found = codes_of(table[name], layout.policies if name == "policy" else layout.pools)
        if rest or (found.reshape(n, P * Q) != expected).any():
            raise ValueError(f"its rows are not of each {name} in turn")

    def by_run(values: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(values.reshape(n, P * Q).T).reshape(P, Q, n)

    return Slab(
        table["scenario"].to_numpy()[:: P * Q],
        {name: _numbers(table[name])[:: P * Q] for name in axes},
        {name: by_run(_numbers(table[name])) for name in measures},
        by_run(codes_of(table["stop"], [reason.name for reason in StopReason])),
    )


def codes_of(column: pa.ChunkedArray, words: Sequence[str]) -> NDArray[np.int64]:
    """The place of each row's word among the `words`."""
    coded = column.combine_chunks()
    code = {word: place for place, word in enumerate(words)}
    known = coded.dictionary.to_pylist()
    if not code.keys() >= set(known):
        raise ValueError(f"{', '.join(sorted(set(known) - code.keys()))} is unknown")
    place = np.array([code[word] for word in known], np.int64)
    codes: NDArray[np.int64] = place[coded.indices.to_numpy()]
    return codes


def _numbers(column: pa.ChunkedArray) -> Floats:
    numbers: Floats = column.to_numpy().astype(np.float64, copy=False)
    return numbers
