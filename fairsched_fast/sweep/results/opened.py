"""A sweep's result folder, read again: its tables, and any of its scenarios rebuilt from its index.

The folder is known by a few facts only: `spec.toml`, the manifest's format, schema, status, count
of scenarios and checksums, and a folder of Parquet parts for each table.
"""

from __future__ import annotations

import operator
import tomllib
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairsched_fast import engine
from fairsched_fast.batch import Batch
from fairsched_fast.errors import InputError
from fairsched_fast.policies.registry import find_policy
from fairsched_fast.sweep import policy_of
from fairsched_fast.sweep.folder.ownership import SPEC
from fairsched_fast.sweep.folder.store import AGGREGATES
from fairsched_fast.sweep.results.checks import find_jobs_table, read_manifest, read_spec
from fairsched_fast.sweep.results.tables import (
    count_rows,
    describe_columns,
    holds_scenario,
    open_table,
    read_table,
    table_names,
)
from fairsched_fast.sweep.scenarios.reading import make_sweep
from fairsched_fast.sweep.scenarios.schema import parse_spec, spec_hash
from fairsched_fast.sweep.scenarios.settings import plain_number

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    from fairsched_fast.model import Scenario
    from fairsched_fast.policies.base import PolicyLike
    from fairsched_fast.result import Result
    from fairsched_fast.sweep.scenarios.sampling import Rows, Sweep


def open_results(folder: str | PathLike[str], jobs: str | PathLike[str] | None = None) -> Results:
    """Open what `fairsched sweep … --out folder` wrote.

    Warns where the sweep has not finished, or parts of it are gone: its tables then lack scenarios.

    Parameters
    ----------
    folder
        The result folder.
    jobs
        The CSV that the sweep drew its jobs from, if it did and scenarios are to be rebuilt. Where
        it is left out, the spec's own path is tried, from the folder and from here.

    Raises
    ------
    InputError
        When the folder holds no sweep, or one that another version wrote.
    """
    results = Results(Path(folder), None if jobs is None else Path(jobs))
    lack = results.unfinished or results.missing
    if lack:
        warnings.warn(lack, stacklevel=2)
    return results


class Results:
    """A sweep's results; `open_results` opens them.

    Attributes
    ----------
    folder : Path
    spec : dict
        What the sweep file says.
    manifest : dict
        What was run, with which versions, and how it ended.
    text : str
        The sweep file as it was written.
    """

    def __init__(self, folder: Path, jobs: Path | None = None) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder)
        self.text = read_spec(folder)
        self._csv = jobs
        try:
            self.spec: dict[str, Any] = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{folder / SPEC}: not valid TOML: {error}") from error

    @property
    def name(self) -> str:
        """The sweep's name."""
        return str(self.spec.get("name", "sweep"))

    @property
    def status(self) -> str:
        """How the sweep stands: "complete", or what became of it."""
        return str(self.manifest["status"])

    @property
    def scenarios(self) -> int:
        """How many scenarios it is of, before `where`: ids run from 0 to this."""
        return int(self.manifest["scenarios"])

    @property
    def unfinished(self) -> str:
        """A sentence where the tables lack scenarios, "" where the sweep is complete."""
        if self.status == "complete":
            return ""
        return (
            f"{self.folder} holds an unfinished sweep (its status is {self.status}): tables lack "
            "scenarios. Run the same `fairsched sweep` again to finish it"
        )

    @property
    def missing(self) -> str:
        """A sentence where a finished sweep's tables have not the rows it wrote, else ""."""
        for table, rows in self.manifest.get("rows", {}).items():
            there = count_rows(self.folder, table)
            if there is not None and there != rows:  # damaged ones are told of when they are read
                return (
                    f"{self.folder / table} has {there:,} rows, and the sweep wrote {rows:,}: some "
                    "parts are gone. Run the same `fairsched sweep` again to make them anew"
                )
        return ""

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that are there."""
        return table_names(self.folder)

    @property
    def columns(self) -> pd.DataFrame:
        """One row per column of each table: table, name, type, unit, description."""
        return describe_columns(self.folder)

    @cached_property
    def sweep(self) -> Sweep:
        """What the sweep file means: needed to rebuild scenarios, not to read tables.

        Raises
        ------
        InputError
            When the spec, the jobs' table or a policy is not what it was, or not there.
        """
        where, text = self.folder / SPEC, self.text
        if self.manifest.get("spec_sha256") not in (None, spec_hash(text)):
            raise InputError(
                f"{where} has been edited since the sweep was run; expected it as it was. Run what "
                "it says now into another folder"
            )
        spec = parse_spec(text, str(where))
        for stated in spec.policies:
            try:
                find_policy(stated)
            except InputError as error:
                raise InputError(f"{where}: {error}") from error
        table = self._csv
        if spec.jobs is not None:
            known = self.manifest.get("jobs_sha256")
            table = find_jobs_table(self.folder, spec.jobs.csv, self._csv, known)
        return make_sweep(spec, text, str(where), self.folder, table)

    def dataset(self, table: str) -> ds.Dataset:
        """A table as a pyarrow dataset, for what is too large to read at once.

        Raises
        ------
        InputError
            When there is no such table, or it cannot be read.
        """
        return open_table(self.folder, table)

    def summary(
        self, columns: Sequence[str] | None = None, where: str | pc.Expression | None = None
    ) -> pd.DataFrame:
        """One row per scenario, policy and pool; words come as categories.

        Parameters
        ----------
        columns
            Names of columns, in the order wanted; None is all. `Results.columns` tells of them.
        where
            Which rows: a condition as in a sweep file, in which words are quoted,
            `"policy == 'drf' and jain < 0.9"`, or an expression of pyarrow's,
            `pc.field("policy") == "drf"`. Only parts that may hold such rows are read.

        Raises
        ------
        InputError
            On an unknown column, a condition that is none, or parts that are missing or damaged.
        """
        return read_table(self.folder, "summary", columns, where)

    def jobs(
        self, columns: Sequence[str] | None = None, where: str | pc.Expression | None = None
    ) -> pd.DataFrame:
        """One row per scenario, policy and job; parameters as in `summary`."""
        return read_table(self.folder, "jobs", columns, where)

    def steps(
        self, columns: Sequence[str] | None = None, where: str | pc.Expression | None = None
    ) -> pd.DataFrame:
        """One row per executor given, where `[output]` keeps steps; parameters as in `summary`."""
        return read_table(self.folder, "steps", columns, where)

    def audit(
        self, columns: Sequence[str] | None = None, where: str | pc.Expression | None = None
    ) -> pd.DataFrame:
        """One row per scenario, policy and pool that is audited; parameters as in `summary`."""
        return read_table(self.folder, "audit", columns, where)

    def aggregate(self, name: str) -> pd.DataFrame:
        """A table that the sweep computed on the way, by its name in `[[output.aggregate]]`."""
        return read_table(self.folder, f"{AGGREGATES}/{name}", None, None)

    def scenario(self, i: int) -> Scenario:
        """A scenario, rebuilt from its index.

        Raises
        ------
        InputError
            When there is no such scenario, `where` dropped it or it has not been run; when the
            spec, the jobs' table or a policy is not what it was, or not there.
        """
        return self.sweep.scenario(int(self.row(i).scenario[0]))

    def settings(self, i: int) -> dict[str, Any]:
        """What a scenario has of all that is swept over: path → value; None is no ceiling.

        Raises
        ------
        InputError
            As `scenario`.
        """
        row = self.row(i)
        filled = self.sweep.filled(row)
        return {
            setting.path: plain_number(row.values.get(setting, setting.read(filled)))
            for setting in self.sweep.axes
        }

    def result(self, i: int, policy: PolicyLike) -> Result:
        """A scenario's run under a policy, computed again: its step log, summary, timeline.

        Parameters
        ----------
        i
            The scenario's id.
        policy
            One of the sweep's, as results label it, or any other.

        Raises
        ------
        InputError
            As `scenario`, and on an unknown policy.
        """
        row, sweep = self.row(i), self.sweep
        batch = Batch.from_scenarios(self.scenario(i))
        batch.labels = replace(batch.labels, scenario=row.scenario.repeat(batch.S))
        if sweep.table is not None:  # a job drawn twice has one rank, and here two names
            batch.name_rank = sweep.batches(row)[0].name_rank
        found = policy_of(sweep, policy)
        counted = engine.run(batch, found, sweep.on_full, workers=1)
        steps = int(counted.steps.max())
        return engine.run(batch, found, sweep.on_full, workers=1, order=steps)

    def row(self, i: int) -> Rows:
        """A scenario's row of the sweep: its block, its repetition, what it draws.

        Raises
        ------
        InputError
            As `scenario`.
        """
        try:
            index = operator.index(i)
        except TypeError:
            raise InputError(f"scenario is {i!r}; expected an id, a whole number") from None
        if not 0 <= index < self.scenarios:
            limited = self.manifest.get("limit") == self.scenarios
            raise InputError(
                f"scenario {index} is unknown; {self.folder} has ids from 0 to "
                f"{self.scenarios - 1:,}"
                + (f" (it was run with --limit {self.scenarios})" if limited else "")
            )
        row = self.sweep.rows(index, index + 1)
        if not len(row):
            self.sweep.scenario(index)  # says which `where` dropped it
        if self.unfinished and not holds_scenario(self.folder, index):
            raise InputError(f"scenario {index} has not been run: {self.unfinished}")
        return row

    def __repr__(self) -> str:
        return f"<Results of {self.name} in {self.folder}: {self.scenarios:,} ids, {self.status}>"
