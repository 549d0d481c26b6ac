"""The `fairsched` command. Slow imports live inside the commands, so that --help is instant.

What people read goes to stdout, progress and notices to stderr. Exit 0 done, 2 the input is wrong,
1 some of the work failed, 130 interrupted.
"""

from __future__ import annotations

import sys
import time
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from fairsched_fast.cli_parts import (
    DaskWorkers,
    Detail,
    FailFast,
    JobsFile,
    Json,
    Limit,
    Policies,
    PolicyFile,
    Processes,
    Scheduler,
    Several,
    SpecFile,
    Workers,
    again,
    cluster,
    fail,
    listed,
    load_policies,
    screen_width,
    show,
)


class _Commands(TyperGroup):
    """Says so where a command is interrupted that has no word of its own for it."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            fail("interrupted", 130)


app = typer.Typer(
    cls=_Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Fair cluster scheduling over millions of scenarios: DRF, round-robin, your own policy.",
)


def main() -> NoReturn:
    """Run the command; every expected failure is one message and an exit code."""
    from fairsched_fast.compiling import telling
    from fairsched_fast.errors import InputError

    for stream in (sys.stdout, sys.stderr):  # a console that lacks → or − still shows the rest
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        with telling():
            app()
    except InputError as error:
        fail(str(error), 2)
    except OSError as error:
        fail(str(error), 1)
    sys.exit(0)


def _print_version(asked: bool) -> None:
    if asked:
        from fairsched_fast import __version__

        print(f"fairsched {__version__}")
        raise typer.Exit


@app.callback()
def _shared_options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="File to write.")] = Path("sweep.toml"),
) -> None:
    """Write a commented sweep file to start from."""
    from fairsched_fast.errors import InputError
    from fairsched_fast.sweep import packaged

    if path.exists():
        raise InputError(f"{path} exists; it is left as it was. Name another file")
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: there is no such folder; make it, or name another")
    path.write_text(packaged("template.toml"), encoding="utf-8")
    print(f"wrote {path}\nnext: fairsched story {path}")


@app.command()
def story(
    spec: Annotated[
        Path | None, typer.Argument(help="A sweep file (default: the notebook's).")
    ] = None,
    policies: Policies = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Also write CSVs and charts here.")
    ] = None,
    jobs: JobsFile = None,
    policy_file: PolicyFile = None,
    detail: Detail = False,
) -> None:
    """Tell, step by step and with reasons, what a scenario looks like under two policies."""
    from fairsched_fast import story as telling
    from fairsched_fast.engine import allocate
    from fairsched_fast.sweep import notebook_sweep, story_policies
    from fairsched_fast.sweep.scenarios.reading import load_sweep

    load_policies(policy_file)
    sweep = notebook_sweep() if spec is None else load_sweep(spec, jobs)
    scenario = sweep.base_scenario()
    before, after = story_policies(sweep, listed(policies))
    first = allocate(scenario, before, on_full=sweep.on_full)
    second = allocate(scenario, after, on_full=sweep.on_full)
    show(telling.render(first, second, detail, screen_width()))
    if out is not None:
        for path in telling.write(out, first, second):
            print(f"wrote {path}", file=sys.stderr)


@app.command()
def sweep(
    spec: SpecFile,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")],
    limit: Limit = None,
    workers: Workers = None,
    jobs: JobsFile = None,
    policy_file: PolicyFile = None,
    fail_fast: FailFast = False,
    scheduler: Scheduler = None,
    dask_workers: DaskWorkers = None,
    as_json: Json = False,
) -> None:
    """Run every scenario of a sweep file under each policy, or go on where a run was stopped."""
    from fairsched_fast.progress import progress
    from fairsched_fast.sweep.running.run import run_sweep
    from fairsched_fast.sweep.running.words import describe_failures, describe_outcome
    from fairsched_fast.sweep.scenarios.reading import load_sweep

    load_policies(policy_file)
    read = load_sweep(spec, jobs)
    total = read.end(limit)
    try:
        with (
            cluster(scheduler, dask_workers, workers) as client,
            progress(total, "scenarios") as advance,
        ):
            outcome = run_sweep(
                read, out, limit=limit, workers=workers, client=client,
                fail_fast=fail_fast, advance=advance,
            )  # fmt: skip
    except KeyboardInterrupt:
        fail(f"interrupted; {out} keeps what is finished: the same command goes on from there", 130)
    show(outcome.manifest if as_json else describe_outcome(outcome, again(jobs, policy_file)))
    if outcome.failures:
        fail(describe_failures(outcome), 1)


@app.command()
def explain(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Results of a sweep.")],
    scenario: Annotated[str, typer.Argument(metavar="ID", help="A scenario's id.")],
    policies: Several = None,
    jobs: JobsFile = None,
    policy_file: PolicyFile = None,
    detail: Detail = False,
    step: Annotated[
        int | None, typer.Option("--step", help="Only why each job was or was not served then.")
    ] = None,
    job: Annotated[
        str | None, typer.Option("--job", help="Only why this job was not served, step by step.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Explain a scenario of a sweep: its settings, every step with its reason, what differs."""
    from fairsched_fast.errors import InputError
    from fairsched_fast.sweep.results import explain as explaining
    from fairsched_fast.sweep.results import why_not as asking
    from fairsched_fast.sweep.results.opened import Results

    if not scenario.isdecimal():
        raise InputError(f"ID is {scenario!r}; expected a scenario's id, a whole number from 0")
    load_policies(policy_file)
    results = Results(folder, jobs)
    i, given, width = int(scenario), listed(policies), screen_width()
    answer: object
    if step is not None or job is not None:
        answer = (
            asking.reasons(results, i, given, step, job)
            if as_json
            else asking.why_not(results, i, given, step, job, width)
        )
    elif as_json:
        answer = explaining.explanation(results, i, given, detail)
    else:
        answer = explaining.explain(results, i, given, detail, width)
    if results.unfinished:
        print(f"note: {results.unfinished}", file=sys.stderr)
    show(answer)


@app.command()
def compare(
    spec: SpecFile,
    policies: Several = None,
    limit: Limit = None,
    workers: Workers = None,
    jobs: JobsFile = None,
    policy_file: PolicyFile = None,
    as_json: Json = False,
) -> None:
    """Compare policies over a sweep: paired differences, and where they first part and why."""
    from fairsched_fast.errors import InputError
    from fairsched_fast.progress import progress
    from fairsched_fast.sweep import listed_policies
    from fairsched_fast.sweep.running.comparing import compare_sweep
    from fairsched_fast.sweep.running.comparison_words import describe_comparison
    from fairsched_fast.sweep.scenarios.reading import load_sweep

    load_policies(policy_file)
    read = load_sweep(spec, jobs)
    given = listed(policies)
    chosen = read.policies if given is None else listed_policies(read, given)
    if len(chosen) < 2:
        raise InputError(
            f"compare has only {chosen[0].name}; expected two policies or more: add "
            f"--policies {chosen[0].name},OTHER"
        )
    try:
        with progress(read.end(limit), "scenarios") as advance:
            made = compare_sweep(read, chosen, limit=limit, workers=workers, advance=advance)
    except KeyboardInterrupt:
        fail("interrupted; nothing is kept of a comparison", 130)
    files = again(jobs, policy_file)
    show(made.to_json() if as_json else describe_comparison(made, spec, files, screen_width()))


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Results of a sweep.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="The page's file (default: DIR/report.html).")
    ] = None,
    jobs: JobsFile = None,
    policy_file: PolicyFile = None,
) -> None:
    """Write one page to look at and send on: the answer, tables, charts, step logs."""
    from fairsched_fast.report import write_report
    from fairsched_fast.sweep.results.opened import Results

    load_policies(policy_file)
    results = Results(folder, jobs)
    if jobs is not None or policy_file is not None:  # what is named has to be of use
        results.sweep  # noqa: B018
    place = write_report(results, out, tell=lambda told: print(f"note: {told}", file=sys.stderr))
    show(f"wrote {place}")


@app.command()
def plan(
    spec: SpecFile,
    limit: Limit = None,
    workers: Workers = None,
    jobs: JobsFile = None,
    policy_file: PolicyFile = None,
    as_json: Json = False,
) -> None:
    """Say how many scenarios, rows and bytes a sweep comes to, and how long it takes."""
    from fairsched_fast.sweep.running.plan import make_plan
    from fairsched_fast.sweep.running.words import describe_plan
    from fairsched_fast.sweep.scenarios.reading import load_sweep

    load_policies(policy_file)
    read = load_sweep(spec, jobs)
    made = make_plan(read, limit, workers)
    show(made.to_json() if as_json else describe_plan(made, spec, again(jobs, policy_file)))


@app.command()
def policies(policy_file: PolicyFile = None, as_json: Json = False) -> None:
    """List policies and schedulers' dialects: what each does, its key, parameters, source."""
    from fairsched_fast.policies.registry import known_policies

    load_policies(policy_file)
    known = known_policies().values()
    if as_json:
        show([{**policy.told, "parameters": policy.parameters} for policy in known])
    else:
        show("\n\n".join(_entry(policy.told) for policy in known))


@app.command("compile")
def compile_kernels(workers: Processes = None, as_json: Json = False) -> None:
    """Compile all kernels now: for an image, or before a run that is to start at once."""
    from fairsched_fast.ahead import compile_all, runs
    from fairsched_fast.doctor import cache_folder, cache_state
    from fairsched_fast.progress import progress
    from fairsched_fast.workers import cores

    cache_folder()
    start, took = time.perf_counter(), {}
    with progress(len(runs()), "kinds of runs") as advance:
        for serves, seconds in compile_all(workers or cores()):
            took[serves] = round(seconds, 1)
            advance(1)
    if as_json:
        show(took)
        return
    lines = [f"{seconds:6.1f} s  {serves}" for serves, seconds in took.items()]
    whole = time.perf_counter() - start
    show("\n".join([*lines, f"all in {whole:.1f} s, kept in {cache_state()}"]))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Report versions, cores, the kernels' cache and optional extras."""
    from fairsched_fast.doctor import examine

    found = examine()
    width = max(map(len, found))
    show(
        found
        if as_json
        else "\n".join(f"{name:<{width}}  {value}" for name, value in found.items())
    )


def _entry(row: dict[str, str]) -> str:
    head, *rest = row.items()
    told = [f"  {name:<10}  {value}" for name, value in rest if value]
    return "\n".join([head[1], *told])
