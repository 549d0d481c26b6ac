"""Why a job was not served: of all jobs at one step, of one job at all steps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairsched_fast.errors import InputError, did_you_mean
from fairsched_fast.result import Result
from fairsched_fast.tables import one_row, present_jobs
from fairsched_fast.why.codes import with_resource
from fairsched_fast.why.decisions import decide
from fairsched_fast.why.step_log import WHY_NOT, reasons_of


def reasons_at(result: Result, step: int, row: int = 0) -> pd.DataFrame:
    """Every job's reason at one step of a row, from 1; beyond the last, at the end.

    Columns: job, key (NaN where it has none to be compared), why (a category: `chosen`, or why it
    was not served); who comes first stands first.
    """
    one = one_row(result, row)
    batch = one.batch
    assert one.choices is not None
    before = one.choices[0, : min(step - 1, int(one.steps[0]))]
    counts = np.bincount(before, minlength=batch.J)[:, np.newaxis].astype(np.int64)
    made = decide(batch, one.policy, counts, one.on_full)
    jobs = present_jobs(batch)
    why = with_resource(made.why_not, made.lacking, batch.R)[jobs, 0]
    frame = pd.DataFrame(
        {
            "job": np.array(batch.job_names(0), object)[jobs],
            "key": made.key[jobs, 0],
            "why": pd.Categorical.from_codes(why, dtype=reasons_of(batch)),
        }
    )
    order = np.lexsort((made.key[jobs, 0], made.why_not[jobs, 0]))
    return frame.iloc[order].reset_index(drop=True)


def reasons_of_job(result: Result, job: str, row: int = 0) -> pd.DataFrame:
    """One job's reason at every step of a row.

    Columns: step, allocated_to, runner_up, margin, decided_by, as in a detailed step log, and why
    (`chosen`, or why the job was not served).

    Raises
    ------
    InputError
        When the row has no such job.
    """
    one = one_row(result, row)
    known = [name for name in one.batch.job_names(0) if name]
    if job not in known:
        raise InputError(f"there is no job {job!r}{did_you_mean(job, known)}")
    log = one.step_log(detail=True)
    columns = ["step", "allocated_to", "decided_by", f"{WHY_NOT}{job}"]
    return log[columns].rename(columns={columns[-1]: "why"})
