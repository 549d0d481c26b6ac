"""What the command line says of a plan and of a finished sweep."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from fairsched_fast.errors import plural
from fairsched_fast.plain_text import align, percent
from fairsched_fast.result import STOP_SENTENCES, StopReason
from fairsched_fast.sweep.folder.digest import GAP_AND_JAIN, Digest
from fairsched_fast.sweep.folder.ownership import MANIFEST
from fairsched_fast.sweep.running.plan import Plan
from fairsched_fast.sweep.running.run import Outcome
from fairsched_fast.sweep.scenarios.sampling import Sweep

_FAILURES_SHOWN = 10
_KINDS = {".png": "chart     ", ".parquet": "aggregate "}


def describe_plan(plan: Plan, spec: Path, files: str = "") -> str:
    """A plan, for people; `files` are options that the command to type next needs."""
    about = "" if plan.exact else "about "
    lines = [
        f"{plural(plan.scenarios, 'scenario')}, of which `where` keeps {about}{plan.kept:,}"
        if plan.kept != plan.scenarios or not plan.exact
        else plural(plan.scenarios, "scenario"),
        *(f"{about}{count:,} rows in {kind}/" for kind, count in plan.rows.items()),
        f"about {human_bytes(plan.bytes)} on disk, in {plan.parts:,} parts",
        f"about {human_time(plan.seconds)} on {plural(plan.workers, 'core')}",
        "",
        "for example",
        plan.sample.to_string(index=False),
        "",
        f"next: fairsched sweep {spec} --out results/{spec.stem}{files}",
    ]
    return "\n".join(lines)


def describe_outcome(outcome: Outcome, files: str = "") -> str:
    """A finished sweep, for people: the comparison, what to know, what to type next.

    `files` are options that the commands to type next need.
    """
    digest, about, sweep = outcome.digest, outcome.manifest, outcome.sweep
    rows = sum(about["rows"].values())
    size = human_bytes(sum(about["bytes"].values()))
    policies = f"{len(sweep.policies)} {'policy' if len(sweep.policies) == 1 else 'policies'}"
    lines = [
        f"{sweep.name}: {plural(digest.scenarios, 'scenario')} × {policies} in "
        f"{human_time(about['seconds'])}; {rows:,} rows, {size}",
        "",
        *(_comparison(outcome) if digest.scenarios else ["no scenario was run: no figures"]),
        "",
        *_notices(outcome),
        f"results   {outcome.folder}",
        *(f"{_KINDS[path.suffix]}{path}" for path in outcome.files),
        f"next      {_next(outcome, files)}",
    ]
    return "\n".join(lines)


def _next(outcome: Outcome, files: str) -> str:
    """How to look further."""
    if outcome.digest.scenarios == 0:
        return "mend what failed, and run the same command again"
    return (
        f"fairsched report {outcome.folder}{files}; fairsched explain {outcome.folder} ID{files}; "
        f"in Python fs.open_results({str(outcome.folder)!r})"
    )


def describe_failures(outcome: Outcome) -> str:
    """What failed and what to do about it, for people."""
    shown = [
        f"  scenarios {f.start:,} … {f.stop - 1:,}: {f.message}"
        for f in outcome.failures[:_FAILURES_SHOWN]
    ]
    more = len(outcome.failures) - len(shown)
    return "\n".join(
        [
            f"{plural(len(outcome.failures), 'chunk')} failed, and again when tried once more; the "
            "same command tries them again:",
            *shown,
            *([f"  … and {more:,} more, listed in {outcome.folder / MANIFEST}"] if more else []),
        ]
    )


def _comparison(outcome: Outcome) -> list[str]:
    digest, policies = outcome.digest, outcome.sweep.policy_names
    means, medians = digest.means(), digest.quantile(0.5)
    rows = [["policy", "gap: mean", "median", "Jain: mean", "median", "executors"]]
    for p, policy in enumerate(policies):
        figures = [f"{x[p, m]:.3f}" for m in range(len(GAP_AND_JAIN)) for x in (means, medians)]
        rows.append([policy, *figures, f"{digest.executors[p]:,}"])
    return [*align(rows, left=(0,)), "", *_endings(digest, policies)]


def _endings(digest: Digest, policies: Sequence[str]) -> list[str]:
    """How many runs of each policy ended by what, of those ways that any did."""
    reasons = [reason for reason in StopReason if digest.stops[:, reason].any()]
    rows = [["ended by", *(reason.name for reason in reasons)]]
    for policy, stops in zip(policies, digest.stops, strict=True):
        rows.append([policy, *(percent(int(stops[r]), digest.pools) for r in reasons)])
    return align(rows, left=(0,))


def _notices(outcome: Outcome) -> list[str]:
    digest, policies = outcome.digest, outcome.sweep.policy_names
    notices = []
    if outcome.failures and digest.scenarios:
        notices.append("note      some of the sweep failed: these figures are of the rest")
    if outcome.resumed:
        notices.append(
            f"note      {outcome.resumed:,} of {outcome.manifest['scenarios']:,} scenarios were "
            "there from an earlier run"
        )
    if len(policies) > 1 and digest.pools:
        if digest.differing == 0:
            ended = StopReason(int(digest.stops.sum(axis=0).argmax()))
            notices.append(
                f"note      every policy gives the same everywhere ({STOP_SENTENCES[ended]}): too "
                "much room, too few executors or too tight ceilings. Change capacity, ceilings or "
                "extra_executors until the policies have something to decide"
            )
        else:
            notices.append(
                f"note      the policies differ in {digest.differing:,} of {digest.pools:,} runs "
                f"({percent(digest.differing, digest.pools)})"
            )
    if len(outcome.sweep.settings.pools) > 1:
        notices.append("note      these figures are over all pools; summary/ has a row for each")
    asked = outcome.manifest["scenarios"]
    return [*notices, *notes_on_figures(outcome.sweep, asked, digest.overfull, digest.pools)]


def notes_on_figures(sweep: Sweep, asked: int, overfull: int, pools: int) -> list[str]:
    """What to know of figures over a sweep: of how much of it they are, and of what.

    `asked` are the scenarios before `where`; of the `pools` (scenario × pool), `overfull` hold more
    than their capacity from the start.
    """
    notes = []
    if asked < sweep.size:
        notes.append(
            f"note      the first {asked:,} of {sweep.size:,} scenarios: a corner of the "
            "sweep, not a sample of it"
        )
    if sweep.weighted:
        notes.append(
            "note      weights differ: the gap is between plain dominant shares, Jain's index is "
            "of dominant share / weight"
        )
    if sweep.capped_strangers:
        strangers = ", ".join(sweep.capped_strangers)
        notes.append(f"note      user_caps names users who have no job: {strangers}")
    if overfull:
        served = (
            'executors were given all the same (on_full = "ignore")'
            if sweep.on_full == "ignore"
            else "nothing was given of what they lack"
        )
        notes.append(
            f"note      {overfull:,} of {pools:,} pools hold more than their "
            f"capacity from the start; {served}"
        )
    return notes


def human_bytes(size: float) -> str:
    """1,234,567 → 1.2 MB."""
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if size < 1000 or unit == "PB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"


def human_time(seconds: float) -> str:
    """3,700 → 1 h 2 min."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    if seconds < 600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    minutes = math.ceil(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 72:
        return f"{hours} h {rest} min"
    return f"{hours // 24:,} days"
