"""What the audit found, where a sweep keeps one: how often each property holds, the worst run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairsched_fast.report.digits import part
from fairsched_fast.report.facts import Facts
from fairsched_fast.report.streaming import Floats, codes_of, slabs_of
from fairsched_fast.report.tables import Cell, Line

PROPERTIES = {  # a column of the audit, which is 0 where the property holds
    "envy": "Nobody envies another",
    "envy_but_one": "Nobody envies by more than one executor (EF1)",
    "shortfall": "Each job runs what its own part of the pool would (sharing incentive)",
    "lie_gain": "No lie that was tried pays (strategy-proof), where nobody fits any more",
    "growth_loss": "Nobody loses when the pool grows",
    "leaving_loss": "Nobody loses when another leaves",
    "still_fit": "Nobody fits any more; in the others executors ran out first",
}
_COLUMNS = ["scenario", "policy", *PROPERTIES]
_ROOM, _LIE = "still_fit", "lie_gain"
_BOUND = f"{_LIE} with room"
_TOLD = PROPERTIES | {_BOUND: "No lie that was tried pays, where executors ran out first"}


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
    """A line for each property that was looked at; none where the sweep keeps no audit.

    Where executors ran out while some still fit, a lie moves what is handed out, whatever the
    policy: such runs are counted apart.
    """
    counts: dict[str, list[Count]] = {}
    for table in slabs_of(facts.results.folder, "audit", _COLUMNS, facts.damaged):
        policy = codes_of(table["policy"], facts.policies)
        ids = table["scenario"].to_numpy()
        for name, values in _judged(table):
            each = counts.setdefault(name, [Count() for _ in facts.policies])
            for p, count in enumerate(each):
                count.add(values[policy == p], ids[policy == p])
    told = [name for name in _TOLD if any(count.judged for count in counts.get(name, ()))]
    return [Line(_TOLD[name], tuple(_cell(count) for count in counts[name])) for name in told]


def _judged(table: pa.Table) -> Iterator[tuple[str, Floats]]:
    """Each property's values, NaN in runs that do not count for it."""
    found = {name: table[name].to_numpy() for name in PROPERTIES if name in table.column_names}
    if _LIE in found and _ROOM in found:
        lies, bound = found.pop(_LIE), found[_ROOM] > 0
        yield _LIE, np.where(bound, np.nan, lies)
        yield _BOUND, np.where(bound, lies, np.nan)
    yield from found.items()


def _cell(count: Count) -> Cell:
    if not count.judged:
        return Cell("not judged")
    worst = f"worst {count.worst:.3g}, scenario\u00a0{count.scenario}" if count.worst else ""
    return Cell(part(count.kept, count.judged), worst)
