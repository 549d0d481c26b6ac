"""The page itself: facts, words, tables and pictures put into the template, and written."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from fairsched_fast.errors import InputError
from fairsched_fast.report import notices, pictures, swept, tables, words
from fairsched_fast.report.effects import telling
from fairsched_fast.report.facts import Facts, gather
from fairsched_fast.report.naming import named
from fairsched_fast.report.scenes import STEPS, scenes
from fairsched_fast.sweep.durable import StorageError, write_whole
from fairsched_fast.sweep.explain import job_rows, pool_rows
from fairsched_fast.sweep.results import Results

NAME = "report.html"
_ROWS = 20  # of pools, jobs, settings: more are counted
_SPEC = 40_000  # letters of the sweep file
_BESIDE = 6  # policies side by side in a table; more are in another below it


def write_report(results: Results, out: Path | None = None) -> Path:
    """Write a sweep's report, one page that needs nothing else; where it is.

    The same results give the same bytes.

    Parameters
    ----------
    results
        An opened folder, finished or not: what is missing is said at the top of the page.
    out
        The page's file; None is `report.html` in the folder.

    Raises
    ------
    InputError
        When `out` is a folder, or its folder is not there.
    StorageError
        When the page cannot be written.
    """
    place = results.folder / NAME if out is None else out
    page = render(results)
    try:
        if place.is_dir():
            raise InputError(f"{place} is a folder; expected a file's name, as in {place / NAME}")
        if not place.parent.is_dir():
            raise InputError(f"{place.parent}: there is no such folder; make it, or name another")
        write_whole(place, lambda path: path.write_text(page, encoding="utf-8", newline="\n"))
    except OSError as error:
        raise StorageError(
            f"{place}: cannot be written: {error.strerror or error}; name another file with --out"
        ) from error
    return place


def render(results: Results) -> str:
    """The page as text."""
    facts = gather(results)
    shown = [(scene, pictures.strip(scene)) for scene in scenes(facts)]
    environment = Environment(
        loader=PackageLoader("fairsched_fast.report", "page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["named"] = named
    environment.filters["share"] = words.share
    page = environment.get_template("report.html")
    return page.render(
        facts=facts,
        name=results.name,
        warnings=notices.warnings(facts),
        remarks=notices.remarks(facts),
        answer=words.answer(facts),
        scenes=shown,
        steps_shown=STEPS,
        spreads=list(pictures.spreads(facts)),
        tradeoff=pictures.tradeoff(facts),
        maps=pictures.maps(facts),
        **_swept(facts),
        **_tables(facts),
        **_again(facts),
    )


def _swept(facts: Facts) -> dict[str, Any]:
    rows, sweep = swept.swept_over(facts), facts.sweep
    scenario = None
    if sweep is not None:
        scenario = sweep.base_scenario()
    jobs = [] if scenario is None else job_rows(scenario)
    return {
        "swept": rows[:_ROWS],
        "more_swept": max(0, len(rows) - _ROWS),
        "blocks": len(facts.results.spec.get("block", ())),
        "wheres": [
            (number, block["where"])
            for number, block in enumerate(facts.results.spec.get("block", ()))
            if "where" in block
        ][:_ROWS],
        "policies": _policies(facts),
        "pool_rows": ([] if scenario is None else pool_rows(scenario))[: _ROWS + 1],
        "job_rows": jobs[: _ROWS + 1],
        "more_jobs": max(0, len(jobs) - _ROWS - 1),
        "drawn": sweep is not None and sweep.table is not None,
    }


def _policies(facts: Facts) -> list[tuple[str, str]]:
    """Each policy, and what it does where that is known."""
    if facts.sweep is None:
        return [(name, "") for name in facts.policies]
    return [(policy.name, policy.told["does"]) for policy in facts.sweep.policies]


def _tables(facts: Facts) -> dict[str, Any]:
    pools, more_pools = tables.by_pool(facts, _ROWS)
    extremes, best = facts.extremes, facts.best
    ranked = [] if extremes is None else [
        ("Least fair", list(tables.standing_out(facts, extremes.least[best]))),
        ("Most fair", list(tables.standing_out(facts, extremes.most[best]))),
    ]  # fmt: skip
    return {
        "comparison": tables.comparison(facts),
        "side_by_side": [
            range(first, min(first + _BESIDE, len(facts.policies)))
            for first in range(0, len(facts.policies), _BESIDE)
        ],
        "ranked_head": [
            "scenario",
            *(["pool"] if len(facts.pools) > 1 else []),
            *(facts.policies[p] for p in sorted({facts.beside, best})),
            "executors given",
        ],
        "by_pool": pools,
        "more_pools": more_pools,
        "ranked": [(title, rows) for title, rows in ranked if rows],
        "effects": list(_effects(facts)),
        "lead": pictures.SCALES[facts.lead.name][1],
    }


def _effects(facts: Facts) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Settings by how much they matter: words, path, and the least and the most effect."""
    for path, effect in telling(facts)[:_ROWS]:
        labels = facts.levels[path].labels()
        told = [(labels[i], tables.figure(facts, float(effect[i]))) for i in words.ends(effect)]
        yield swept.setting_words(path), path, told


def _again(facts: Facts) -> dict[str, Any]:
    """How to have it again."""
    manifest, results = facts.results.manifest, facts.results
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", results.name).strip("-.") or "sweep"
    command = f"fairsched sweep spec.toml --out {shlex.quote('results/' + slug)}"
    if manifest.get("limit") is not None:
        command += f" --limit {int(manifest['limit'])}"
    if manifest.get("jobs_table"):
        command += " --jobs JOBS.csv"
    if manifest.get("policy_sources"):
        command += " --policy-file POLICIES.py"
    return {
        "manifest": manifest,
        "command": command,
        "spec": results.text[:_SPEC],
        "spec_cut": max(0, len(results.text) - _SPEC),
    }
