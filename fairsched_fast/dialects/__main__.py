"""The dialects as a page: `python -m fairsched_fast.dialects > docs/dialects.md`."""

from __future__ import annotations

import sys

from fairsched_fast.dialects import NAMES, dialect
from fairsched_fast.policies.key_functions import KeyPolicy

_HEAD = """# Dialects

What each dialect models of its scheduler, what it does not, and the files it was read from. All
hand out one executor at a time among flat queues; a `Job` stands for whatever the scheduler
compares: a role, a queue, a pool, a job. Use one wherever a policy can be named:

    fs.allocate(scenario, "mesos")
    fs.dialect("kueue", non_borrowing_first=False).order(scenario)
    policies = ["drf", "yarn", { policy = "mesos", exclude = ["gpu"] }]   # in a sweep file

`share(state)` is what the scheduler makes of each job as it stands, `order(state)` who is next
first, `fair_share(state)`, where the scheduler has one, what each job is entitled to. A state is a
`Scenario` or plain words: `{"capacity": {"cpu": 8}, "jobs": {"a": {"usage": {"cpu": 2}}}}`.

Shares are compared exactly, where the schedulers compare doubles; on the general kernel they are
rounded once, from whole numbers. Capacity, `limit`,
`max_executors` and users' caps are hard in all of them: who does not fit is skipped for good
(`on_full="skip"`).
"""
_ROWS = ("key", "stages", "weight", "ties", "unfit", "zero", "not_modelled", "source")
_LABELS = {"unfit": "does not fit", "zero": "denominator 0", "not_modelled": "not modelled"}


def page() -> str:
    """The page's text."""
    return "\n".join([_HEAD, *map(_section, NAMES)])


def _section(name: str) -> str:
    policy = dialect(name)
    about = policy.about
    assert about is not None
    told = {row: getattr(about, row) for row in _ROWS}
    parameters = policy.told["parameters"]
    rows = [f"| {_LABELS.get(row, row)} | {text} |" for row, text in told.items()]
    kernel = "the general one" if isinstance(policy, KeyPolicy) else "claims; also for `fluid`"
    rows.append(f"| kernel | {kernel} |")
    if parameters:
        rows.insert(0, f"| parameters | `{parameters}` |")
    return "\n".join([f"## {name}\n", f"{about.scheduler}.\n", "| | |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    sys.stdout.write(page())
