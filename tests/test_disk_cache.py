"""Machine code on disk: kept, found again, and written by one process at a time."""

import subprocess
import sys
from pathlib import Path

import numba
import pytest
from filelock import FileLock, Timeout
from numba.core.caching import IndexDataCacheFile

from fairsched_fast.kernels.disk_cache import LOCK
from fairsched_fast.kernels.jit import jit

pytestmark = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")


def doubled(number):
    return 2 * number


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """A kernel whose machine code goes to `tmp_path`."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return jit(doubled)


def is_locked(folder):
    try:
        FileLock(Path(folder) / LOCK, timeout=0).acquire()
    except Timeout:
        return True
    return False


@pytest.mark.parametrize("access", ["save", "load"])
def test_one_process_at_a_time_has_the_files(access, kernel, monkeypatch):
    seen, plain = [], getattr(IndexDataCacheFile, access)

    def watched(files, *given):
        seen.append(is_locked(files._cache_path))
        return plain(files, *given)

    monkeypatch.setattr(IndexDataCacheFile, access, watched)
    assert kernel(21) == 42
    assert seen == [True]
    assert not is_locked(kernel._cache.cache_path)


def test_what_one_process_compiled_another_loads(kernel, monkeypatch):
    assert (kernel(21), kernel(1.5)) == (42, 3.0)
    again = jit(doubled)
    assert (again(21), again(1.5)) == (42, 3.0)
    assert sum(again.stats.cache_hits.values()) == 2


def test_a_folder_that_cannot_be_written_to_keeps_nothing(tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    run = "import fairsched_fast as fs; print(fs.allocate(fs.Batch(capacity=[4], demand=[[1]], "
    run += "extra_executors=3)).granted)"
    ran = subprocess.run(
        [sys.executable, "-c", run],
        env={
            "NUMBA_CACHE_DIR": str(in_the_way / "x"),
            "PYTHONPATH": str(Path(__file__).parents[1]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.stdout, ran.returncode) == ("[[3]]\n", 0), ran.stderr
