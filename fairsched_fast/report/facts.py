"""All that is known of a result folder, gathered once: the page is made of nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fairsched_fast.columns import ResourceColumns, resource_columns
from fairsched_fast.errors import InputError
from fairsched_fast.measures import FAIRNESS, Measure
from fairsched_fast.report.levels import Levels
from fairsched_fast.report.ranking import Extremes
from fairsched_fast.report.streaming import Layout, layout_of, slabs
from fairsched_fast.report.tally import Figures, Tally, of_digest
from fairsched_fast.sweep.folder.digest import empty_digest
from fairsched_fast.sweep.folder.journal import Journal
from fairsched_fast.sweep.results.opened import Results
from fairsched_fast.sweep.scenarios.sampling import Sweep

_BY_NAME = {measure.name: measure for measure in FAIRNESS}


@dataclass(slots=True)
class Facts:
    """What is known. What is not, is None or empty, and `lacks` says why."""

    results: Results
    sweep: Sweep | None
    lead: Measure
    resources: tuple[ResourceColumns, ...]
    scenarios: int = 0
    pools: tuple[str, ...] = ()
    layout: Layout | None = None
    figures: Figures | None = None
    levels: dict[str, Levels] = field(default_factory=dict)
    extremes: Extremes | None = None
    damaged: dict[str, str] = field(default_factory=dict)
    unreadable: str = ""  # why the sweep cannot be rebuilt
    from_journal: bool = False  # there is no summary

    @property
    def policies(self) -> tuple[str, ...]:
        """As results label them."""
        return tuple(map(str, self.results.manifest.get("policies", ())))

    @property
    def keeps_summary(self) -> bool:
        """Whether the sweep file asks for a summary."""
        return bool(self.results.spec.get("output", {}).get("summary", True))

    @property
    def best(self) -> int:
        """The fairest policy by the mean of the lead measure, the first of equals."""
        if self.figures is None:
            return 0
        means = [self.figures.mean(self.lead.name, p) for p in range(len(self.policies))]
        scores = np.round(self.lead.better * np.array(means), 9)
        return 0 if np.isnan(scores).all() else int(np.nanargmax(scores))

    @property
    def beside(self) -> int:
        """Whom the fairest is compared with: the first, or, where that is it, the next fairest."""
        if self.best != 0 or self.figures is None or len(self.policies) == 1:
            return 0
        figures, others = self.figures, range(1, len(self.policies))
        return max(others, key=lambda p: self.lead.better * figures.mean(self.lead.name, p))


def gather(results: Results) -> Facts:
    """Read the folder; whatever part of it is not there or broken is left out and told."""
    facts = _ground(results)
    layout = layout_of(results)
    if layout is None:
        _from_journal(facts)
        return facts
    facts.layout, facts.pools = layout, layout.pools
    tally = Tally(layout, facts.resources, facts.lead, _spans(layout))
    measures = [measure.name for measure in tally.measures]
    for slab in slabs(layout, measures, layout.axes, facts.damaged):
        tally.add(slab)
    if tally.scenarios:
        facts.scenarios, facts.figures = tally.scenarios, tally.figures()
        facts.levels, facts.extremes = tally.levels, tally.extremes
    return facts


def _ground(results: Results) -> Facts:
    """What the sweep file and the manifest say."""
    sweep, why = None, ""
    try:
        sweep = results.sweep
    except InputError as error:
        why = str(error).replace(f"{results.folder}/", "")
    names = [r for pool in results.spec.get("pool", ()) for r in pool.get("capacity", ())]
    weighted = sweep is None or sweep.weighted
    lead = _BY_NAME["jain" if weighted else "dominant_share_gap"]
    columns = resource_columns(list(dict.fromkeys(names)))
    return Facts(results, sweep, lead, tuple(columns), unreadable=why)


def _from_journal(facts: Facts) -> None:
    """Figures of a sweep that keeps no summary: its journal has the digest of every chunk."""
    facts.from_journal = not facts.keeps_summary
    if facts.sweep is None:
        return
    digest, empty = empty_digest(facts.sweep), empty_digest(facts.sweep)
    for record in Journal(facts.results.folder).lines():
        if not record.failed and empty.fits(record.digest):
            digest.add(empty.unpack(record.digest))
    facts.pools = tuple(facts.sweep.settings.pools)
    if digest.scenarios:
        facts.scenarios = digest.scenarios
        facts.figures = of_digest(digest, facts.policies)


def _spans(layout: Layout) -> dict[str, tuple[float, float]]:
    """The least and largest value of each axis, from the files' own statistics."""
    spans = dict.fromkeys(layout.axes, (np.inf, -np.inf))
    for part in layout.parts:
        try:
            about = pq.read_metadata(part)
        except (pa.ArrowException, OSError):  # told of when it is read
            continue
        place = {about.schema.column(c).name: c for c in range(about.num_columns)}
        for group in range(about.num_row_groups):
            for axis, (low, high) in spans.items():
                told = (
                    about.row_group(group).column(place[axis]).statistics if axis in place else None
                )
                if told is not None and told.has_min_max:
                    spans[axis] = min(low, told.min), max(high, told.max)
    return spans
