"""What a reader has to know before any figure: what failed, what is missing, what is left out."""

from __future__ import annotations

from collections.abc import Iterator

from fairsched_fast.errors import plural
from fairsched_fast.plain_text import cut, visible
from fairsched_fast.report.facts import Facts
from fairsched_fast.sweep.results.tables import count_rows

_FAILURES = 5  # told one by one
_STATUS = {
    "running": "was still running, or was killed, when this page was written",
    "interrupted": "was interrupted",
    "failed": "failed in part",
}


def warnings(facts: Facts) -> list[str]:
    """For the top of the page: that figures are not of the whole sweep, and why."""
    kinds = (_unfinished, _failures, _missing, _gone, _left_out, _corner)
    return [sentence for kind in kinds for sentence in kind(facts)]


def remarks(facts: Facts) -> list[str]:
    """For below the figures: what they are of."""
    return list(_remarks(facts))


def _unfinished(facts: Facts) -> Iterator[str]:
    status = facts.results.status
    if status == "complete":
        return
    told = _STATUS.get(status, f"ended as {cut(visible(status))}")
    if not facts.scenarios:
        yield (
            f"The sweep {told}, and no scenario's figures are here: its filters keep nothing, "
            "all of it failed, or it has not come so far."
        )
        return
    yield (
        f"The sweep {told}: these figures are of {facts.scenarios:,} scenarios, of "
        f"{facts.results.scenarios:,} before any is filtered out. The same sweep command finishes "
        "it."
    )


def _failures(facts: Facts) -> Iterator[str]:
    failed = facts.results.manifest.get("failed", ())
    if not failed:
        return
    yield f"{plural(len(failed), 'chunk')} failed; the same sweep command tries them again."
    for failure in failed[:_FAILURES]:
        why = cut(visible(str(failure.get("message", ""))), 300)
        last = int(failure.get("stop", 1)) - 1
        yield f"Scenarios {int(failure.get('start', 0)):,} to {last:,} failed: {why}"
    if len(failed) > _FAILURES:
        yield f"{len(failed) - _FAILURES:,} more are listed in manifest.json."


def _missing(facts: Facts) -> Iterator[str]:
    for part, why in facts.damaged.items():
        yield f"{part} cannot be read, and its scenarios are missing here: {cut(visible(why), 200)}"
    wrote = facts.results.manifest.get("rows", {}).get("summary")
    if wrote is None or facts.damaged or facts.from_journal:
        return
    there = facts.scenarios * len(facts.pools) * len(facts.policies) if facts.layout else 0
    if there != wrote:
        yield (
            f"The summary has {there:,} rows, and the sweep wrote {wrote:,}: parts of it are gone. "
            "The same sweep command makes them anew."
        )


def _gone(facts: Facts) -> Iterator[str]:
    """Tables besides the summary that the page is made of, and that the sweep wrote."""
    for table, shown in (("jobs", "who gains and who loses"), ("audit", "what the audit found")):
        wrote = facts.results.manifest.get("rows", {}).get(table, 0)
        there = count_rows(facts.results.folder, table)
        if there is not None and there < wrote:  # damaged parts are told of when they are read
            yield (
                f"{table}/ has {there:,} rows, and the sweep wrote {wrote:,}: {shown} is "
                f"{'of these alone' if there else 'not on this page'}. The same sweep command "
                "makes them anew."
            )


def _left_out(facts: Facts) -> Iterator[str]:
    if facts.from_journal:
        yield (
            "The sweep keeps no summary ([output] summary = false), so there is less to tell: "
            "means and spreads of fairness, and executors; no use of resources, no comparison run "
            "by run, no scenarios that stand out."
        )
    if facts.unreadable:
        why = cut(visible(facts.unreadable), 300)
        yield f"Step logs are missing, for scenarios cannot be rebuilt: {why}"


def _corner(facts: Facts) -> Iterator[str]:
    """Of what the figures are, where that is not what one would think."""
    sweep, manifest = facts.sweep, facts.results.manifest
    if sweep is not None and facts.results.scenarios < sweep.size:
        yield (
            f"Only the first {facts.results.scenarios:,} of {sweep.size:,} scenarios were asked "
            "for: a corner of the sweep, not a sample of it. All that is said here is of them."
        )
    if overfull := int(manifest.get("overfull", 0)):
        yield (
            f"In {plural(overfull, 'run')} of {int(manifest.get('pools', 0)):,} the pool holds "
            "more than its capacity from the start: shares and use there are above what it has, "
            "and means are drawn up by them."
        )


def _remarks(facts: Facts) -> Iterator[str]:
    if facts.lead.name == "jain":
        yield (
            "Weights may differ, so fairness is judged by Jain's index of dominant share / weight; "
            "the gap is between plain dominant shares."
        )
    if len(facts.pools) > 1:
        yield f"A run is one of {len(facts.pools):,} pools in a scenario; figures are over all."
