"""A detailed step log as people read it in a terminal: a line a step, and a line for what is new.

The log has a column for every job; here a job is named once, when it is out of the running.
"""

from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd

from fairsched_fast.plain_text import cut_names, listed, shortened, table, visible
from fairsched_fast.policies.base import UNNAMED
from fairsched_fast.result import Result
from fairsched_fast.tables import one_row
from fairsched_fast.why.codes import Rule, WhyNot
from fairsched_fast.why.step_log import WHY_NOT, left_out, log_of_row

_INDENT = " " * 6
_LEAST = 0.001  # what three decimals show
_KEYS_SHOWN = 3  # on a screen
_LOWEST = "lowest keys"
_SHORT = {
    "dominant_share_before": "before",
    "dominant_share_after": "after",
    "total_execs_for_job": "executors",
}


def plain_steps(result: Result, row: int = 0, width: int = 80) -> str:
    """The plain log of a row on a screen so wide: of many jobs' keys those that come first.

    The text of the reason stands above the steps that it is the reason of, its keys beside each.
    """
    log = log_of_row(one_row(result, row), detail=False, most=_KEYS_SHOWN)
    if log.empty:
        return "(no steps)"
    reason = log["reason"].str.partition(" → [")
    shown = log.drop(columns="reason").rename(columns=_SHORT)
    if reason[2].any():  # a fixed sentence has no keys
        shown[_LOWEST] = reason[2].str.removesuffix("]")
    header, *steps = table(cut_names(shown, width)).splitlines()
    new = (reason[0] != reason[0].shift()).tolist()
    lines = [header]
    for why, first, step in zip(reason[0].tolist(), new, steps, strict=True):
        lines += [f"{_INDENT}{visible(why)}", step] if first else [step]
    more = "--detail says over whom each was won; a pipe or a file has all keys"
    return "\n".join([*(shortened(line, width) for line in lines), more])


def told_steps(result: Result, row: int = 0, width: int | None = None) -> str:
    """The detailed log of a row: who was served, over whom, by how much and by which rule.

    Before a step stands what its key measures, where that is new, and who is out of the running
    since the step before; after the last who else is at the end. On a screen names are cut.
    """
    one = one_row(result, row)
    log, end = one.step_log(detail=True), left_out(one)
    news = _news(log, end)
    header, *steps = _steps(log, width) if len(log) else ["(no steps)"]
    lines = [line for new, step in zip(news, steps, strict=False) for line in (*new, step)]
    return "\n".join([header, *lines, *news[-1]])


def _steps(log: pd.DataFrame, width: int | None) -> list[str]:
    """A header, and a line for each step."""
    margins = zip(log["margin"].tolist(), log["decided_by"].cat.codes.tolist(), strict=True)
    shown = pd.DataFrame(
        {
            "step": log["step"],
            "allocated_to": log["allocated_to"],
            "key_before": [f"{key:.3f}" for key in log["key_before"].tolist()],
            "runner_up": log["runner_up"].fillna("–"),
            "margin": [_margin(margin, rule) for margin, rule in margins],
            "decided_by": log["decided_by"].astype(str),
        }
    )
    for name in ("key_before", "margin"):  # numbers stand to the right, whatever is beside them
        shown[name] = shown[name].str.rjust(max(len(name), int(shown[name].str.len().max())))
    return table(cut_names(shown, width)).splitlines()


def _margin(margin: float, rule: int) -> str:
    if isnan(margin):
        return "–"
    if margin < _LEAST:
        return "0" if rule >= Rule.TIE_BY_MEASURE else f"<{_LEAST}"
    return f"{margin:.3f}"


def _news(log: pd.DataFrame, end: pd.Series) -> list[list[str]]:
    """What is new before each step and, last, at the end."""
    news: list[list[str]] = [[] for _ in range(len(log) + 1)]
    measure = log["measure"]
    new = (measure != measure.shift()) & (measure != UNNAMED)
    for n in np.flatnonzero(new.to_numpy()).tolist():
        news[n].append(f"{_INDENT}key: {measure.iloc[n]}")
    out: dict[tuple[int, str], list[str]] = {}
    for job, last in end.cat.codes.items():
        codes = np.append(log[f"{WHY_NOT}{job}"].cat.codes, last)
        if last >= WhyNot.AT_CEILING:  # who is out stays out
            n = int((codes >= WhyNot.AT_CEILING).argmax())
            out.setdefault((n, end.cat.categories[codes[n]]), []).append(str(job))
    for (n, why), jobs in out.items():
        news[n].append(visible(f"{_INDENT}out of the running, {why}: {listed(jobs)}"))
    return news
