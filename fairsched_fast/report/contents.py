"""All that the template is given, by name."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator
from typing import Any

from fairsched_fast.errors import InputError
from fairsched_fast.plain_text import visible
from fairsched_fast.report import audits, notices, pictures, swept, tables, words
from fairsched_fast.report.answer import answer
from fairsched_fast.report.effects import telling
from fairsched_fast.report.facts import Facts
from fairsched_fast.report.gains import gains
from fairsched_fast.report.scenes import scenes
from fairsched_fast.sweep.results.explain import job_rows, pool_rows

_ROWS = 20  # of pools, jobs, settings: more are counted
_SPEC = 40_000  # letters of the sweep file
_BESIDE = 6  # policies side by side in a table; more are in another below it


def contents(facts: Facts) -> dict[str, Any]:
    """What the page says and shows."""
    told = {
        "facts": facts,
        "name": visible(facts.results.name),
        "remarks": notices.remarks(facts),
        "answer": answer(facts),
        "scenes": [(scene, pictures.strip(scene)) for scene in scenes(facts)],
        "spreads": list(pictures.spreads(facts)),
        "tradeoff": pictures.tradeoff(facts),
        "maps": pictures.maps(facts),
        **_swept(facts),
        **_tables(facts),
        **_again(facts),
    }
    return told | {"warnings": notices.warnings(facts)}  # by now all that is missing is known


def _swept(facts: Facts) -> dict[str, Any]:
    rows, sweep = swept.swept_over(facts), facts.sweep
    scenario = None
    with contextlib.suppress(InputError):  # of drawn jobs it is scenario 0, which may be dropped
        scenario = None if sweep is None else sweep.base_scenario()
    jobs = [] if scenario is None else job_rows(scenario)
    pools = [] if scenario is None else pool_rows(scenario)
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
        "pool_rows": pools[: _ROWS + 1],
        "job_rows": jobs[: _ROWS + 1],
        "more_jobs": max(0, len(jobs) - _ROWS - 1),
        "pool_words": tables.word_columns(pools),
        "job_words": tables.word_columns(jobs),
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
    ranked = [] if extremes is None or facts.scenarios * len(facts.pools) == 1 else [
        ("Least fair", list(tables.standing_out(facts, extremes.least[best]))),
        ("Most fair", list(tables.standing_out(facts, extremes.most[best]))),
    ]  # fmt: skip
    return {
        "comparison": tables.comparison(facts),
        "gains": gains(facts),
        "audited": audits.audited(facts),
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
        ends = words.ends(facts, effect) if words.matters(facts, effect) else ()
        told = [(labels[i], tables.figure(facts, float(effect[i]))) for i in ends]
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
