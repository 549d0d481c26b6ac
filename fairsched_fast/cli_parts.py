"""What commands share: their options, and how an answer or a failure is shown."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from fairsched_fast.plain_text import visible_lines

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")]
SpecFile = Annotated[Path, typer.Argument(help="A sweep file (TOML); `fairsched init` writes one.")]
JobsFile = Annotated[
    Path | None, typer.Option("--jobs", help="CSV of jobs, in place of the spec's [jobs] csv.")
]
PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy-file", help="Python file that defines policies with @fs.policy."),
]


def _one_or_more(given: int | None) -> int | None:
    if given is not None and given < 1:
        raise typer.BadParameter(f"{given}; expected 1 or more")
    return given


Limit = Annotated[
    int | None,
    typer.Option("--limit", callback=_one_or_more, help="Only the scenarios with the first N ids."),
]
Policies = Annotated[
    list[str] | None, typer.Option("--policies", help="Two policies: before,after.")
]
Detail = Annotated[
    bool, typer.Option("--detail", help="Say over whom each step was won, and by which rule.")
]
Several = Annotated[
    list[str] | None,
    typer.Option("--policies", help="Policies, the baseline first: a,b,c (default: the spec's)."),
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Threads (default: all cores).")
]
Processes = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes (default: one a core).")
]

FailFast = Annotated[bool, typer.Option("--fail-fast", help="End with the first chunk that fails.")]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", help="Run on the Dask cluster at this address (tcp://…)."),
]
DaskWorkers = Annotated[
    int | None,
    typer.Option("--dask-workers", min=1, help="Run on this many Dask processes here."),
]


def fail(message: str, code: int) -> NoReturn:
    """End with a message; 130 is the user's own doing, and no error."""
    shown = visible_lines(message)
    print(f"error: {shown}" if code != 130 else shown, file=sys.stderr)
    sys.exit(code)


def cluster(
    scheduler: str | None, dask_workers: int | None, workers: int | None
) -> AbstractContextManager[Any]:
    """A client of the Dask cluster that is asked for, None where none is."""
    from fairsched_fast.errors import InputError

    if [scheduler, dask_workers, workers].count(None) < 2:
        raise InputError("expected one of --workers, --dask-workers and --scheduler")
    if scheduler is None and dask_workers is None:
        return nullcontext()
    from fairsched_fast.sweep.running.cluster import connected

    return connected(scheduler, dask_workers, sys.stderr)


def load_policies(policy_file: Path | None) -> None:
    """Make known what a policy file defines, where one is given."""
    if policy_file is not None:
        from fairsched_fast.policies.registry import load_policy_file

        load_policy_file(policy_file)


def again(jobs: Path | None, policy_file: Path | None) -> str:
    """What a command that follows has to name as well: the same files."""
    named = (("--jobs", jobs), ("--policy-file", policy_file))
    return "".join(f" {option} {shlex.quote(str(path))}" for option, path in named if path)


def listed(given: list[str] | None) -> str | None:
    """What an option that may be given several times names, with commas between."""
    return ",".join(given) if given else None


def screen_width() -> int | None:
    """Columns of the terminal; None where the output goes elsewhere, and nothing is to be cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def show(answer: Any) -> None:
    """Print an answer: words with nothing that a terminal would obey, all else as JSON."""
    told = isinstance(answer, str)
    try:
        print(
            visible_lines(answer) if told else json.dumps(answer, indent=2, default=_plain),
            flush=True,
        )
    except BrokenPipeError:  # the reader of our output went away: not our failure
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)
