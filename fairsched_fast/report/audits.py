"""What the audit found, where a sweep keeps one: how often each property holds, the worst run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fairsched_fast.report.facts import Facts
from fairsched_fast.report.streaming import UNREADABLE, Floats, codes_of, part_name
from fairsched_fast.report.tables import Cell, Line
from fairsched_fast.report.words import part
from fairsched_fast.sweep.results.tables import part_files

PROPERTIES = {  # a column of the audit, which is 0 where the property holds
    "envy": "Nobody envies another",
    "envy_but_one": "Nobody envies by more than one executor (EF1)",
    "shortfall": "Each job runs what its own part of the pool would (sharing incentive)",
    "still_fit": "No further executor fits (nothing is left to give)",
    "lie_gain": "No lie that was tried pays (strategy-proof)",
    "growth_loss": "Nobody loses when the pool grows",
    "leaving_loss": "Nobody loses when another leaves",
}


@dataclass(slots=True)
class Count:
    """Of a property and a policy: runs that could be judged, those that hold, and the worst."""

    judged: int = 0
    kept: int = 0
    worst: float = 0.0
    scenario: int = -1

    def add(self, values: Floats, ids: NDArray[np.int64]) -> None:
        """Count in runs (n,); NaN could not be judged."""
        real = ~np.isnan(values)
        self.judged += int(real.sum())
        self.kept += int((values[real] == 0).sum())
        if real.any() and np.nanmax(values) > self.worst:
            place = int(np.nanargmax(values))
            self.worst, self.scenario = float(values[place]), int(ids[place])


def audited(facts: Facts) -> list[Line]:
    """A line for each property that was looked at; none where the sweep keeps no audit."""
    counts: dict[str, list[Count]] = {}
    for table in _tables(facts):
        policy = codes_of(table["policy"], facts.policies)
        ids = table["scenario"].to_numpy()
        for name in (name for name in PROPERTIES if name in table.column_names):
            values = table[name].to_numpy()
            each = counts.setdefault(name, [Count() for _ in facts.policies])
            for p, count in enumerate(each):
                count.add(values[policy == p], ids[policy == p])
    return [
        Line(PROPERTIES[name], tuple(_cell(count) for count in each))
        for name, each in counts.items()
    ]


def _tables(facts: Facts) -> Iterator[pa.Table]:
    """The audit, slab by slab; of a part that cannot be read it is told."""
    for path in part_files(facts.results.folder, "audit"):
        try:
            with pq.ParquetFile(path) as file:
                wanted = [n for n in PROPERTIES if n in file.schema_arrow.names]
                for group in range(file.num_row_groups):
                    yield file.read_row_group(group, columns=["scenario", "policy", *wanted])
        except UNREADABLE as error:
            facts.damaged[part_name(path)] = str(error).splitlines()[0]


def _cell(count: Count) -> Cell:
    if not count.judged:
        return Cell("not judged")
    worst = f"worst {count.worst:.3g}, scenario {count.scenario}" if count.worst else ""
    return Cell(part(count.kept, count.judged), worst)
