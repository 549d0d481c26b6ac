"""A detailed step log as people read it in a terminal: a line a step, and a line for what is new.

The log has a column for every job; here a job is named once, when it is out of the running.
"""

from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd

from fairsched_fast.plain_text import listed, table
from fairsched_fast.step_log import WHY_NOT
from fairsched_fast.why import Rule, WhyNot

_INDENT = " " * 6
_LEAST = 0.001  # what three decimals show


def told_steps(log: pd.DataFrame) -> str:
    """The detailed log of one pool: who was served, over whom, by how much and by which rule.

    Before a step stands what its key measures, where that is new, and who is out of the running
    since the step before.
    """
    if log.empty:
        return table(log)
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
    header, *rows = table(shown).splitlines()
    news = _news(log)
    return "\n".join([header, *(line for n, row in enumerate(rows) for line in (*news[n], row))])


def _margin(margin: float, rule: int) -> str:
    if isnan(margin):
        return "–"
    if margin < _LEAST:
        return "0" if rule >= Rule.TIE_BY_MEASURE else f"<{_LEAST}"
    return f"{margin:.3f}"


def _news(log: pd.DataFrame) -> list[list[str]]:
    """What is new before each step."""
    news: list[list[str]] = [[] for _ in range(len(log))]
    measure = log["measure"]
    for n in np.flatnonzero((measure != measure.shift()).to_numpy()).tolist():
        news[n].append(f"{_INDENT}key: {measure.iloc[n]}")
    out: dict[tuple[int, str], list[str]] = {}
    for column in log.columns[log.columns.str.startswith(WHY_NOT)]:
        stopped = (log[column].cat.codes >= WhyNot.AT_CEILING).to_numpy()
        if stopped.any():
            n = int(stopped.argmax())
            why = str(log[column].iloc[n])
            out.setdefault((n, why), []).append(column.removeprefix(WHY_NOT))
    for (n, why), jobs in out.items():
        news[n].append(f"{_INDENT}out of the running, {why}: {listed(jobs)}")
    return news
