"""Running sweeps and reading what they wrote."""

import pyarrow.parquet as pq
import pytest

from fairsched_fast.sweep.running import compute
from fairsched_fast.sweep.running.run import run_sweep
from fairsched_fast.sweep.scenarios import chunks
from fairsched_fast.sweep.scenarios.reading import parse_sweep


def ran(text, folder, **options):
    """The outcome of a sweep whose results lie in `folder`."""
    return run_sweep(parse_sweep(text), folder, **options)


def read(folder, kind):
    """All parts of a kind as one table, in the order of their names."""
    return pq.read_table(folder / kind)


def rows(folder, kind):
    """The same as a list of dicts."""
    return read(folder, kind).to_pylist()


def everything_in(folder):
    """Path → bytes of every file below."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def lasting(folder):
    """The same, of all that must not depend on what happened; the manifest tells times."""
    return {k: v for k, v in everything_in(folder).items() if k not in ("manifest.json", ".lock")}


def parts_in(folder):
    """The same, of Parquet parts alone."""
    return {name: data for name, data in everything_in(folder).items() if name.endswith("parquet")}


def messages(stderr):
    """What a process said, less the notice of a slow machine that kernels are being made ready."""
    return [line for line in stderr.splitlines() if not line.startswith("compiling kernels")]


def counted(monkeypatch):
    """The chunks that are run from now on."""
    seen = []

    def compute_and_count(sweep, chunk, folder):
        seen.append(chunk.number)
        return real(sweep, chunk, folder)

    real = compute.compute
    monkeypatch.setattr(compute, "compute", compute_and_count)
    return seen


def in_small_parts(text, folder):
    """The folder of a sweep that has been run, of several parts however small it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "PART_ROWS", 4)
        patch.setattr(chunks, "SLICE_ROWS", 4)
        patch.setattr(chunks, "_SMALLEST_SLICE", 2)
        ran(text, folder)
    assert len(list((folder / "summary").iterdir())) > 2
    return folder
