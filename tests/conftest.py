"""What all tests share: Hypothesis's settings, all cores, and machine code that is not stale."""

import os
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"  # figures and traces that lie beside a checkout, where they do

pytest.register_assert_rewrite("agreement", "kernel_paths")

# A kernel's first call compiles it, which no deadline should count.
settings.register_profile("tests", deadline=None, max_examples=60)
settings.register_profile("ci", deadline=None, max_examples=60, derandomize=True, print_blob=True)
settings.register_profile("few", deadline=None, max_examples=8, derandomize=True)  # for slow modes
settings.register_profile("thorough", deadline=None, max_examples=1000)  # for a night
settings.load_profile("ci" if os.environ.get("CI") else "tests")


def drop_stale_caches(package):
    """Delete compiled kernels older than any kernel's source.

    Numba's cache notices an edited file, but not an edited callee in another file.
    """
    newest = max(
        source.stat().st_mtime
        for source in (*package.glob("kernels/*.py"), *package.glob("dialects/*.py"))
    )
    for pattern in ("**/__pycache__/*.nbi", "**/__pycache__/*.nbc"):
        for cached in package.glob(pattern):
            if cached.stat().st_mtime < newest:
                cached.unlink(missing_ok=True)


def compile_in_turn():
    """Of processes that need the same kernel at once, one compiles it and the others load it.

    Numba takes no care of that: all would compile it.
    """
    compile_now = Dispatcher.compile

    def compile_or_wait(kernel, signature):
        folder = kernel._cache.cache_path  # None where nothing is kept on disk
        if folder is None:
            return compile_now(kernel, signature)
        name = f"{kernel.py_func.__module__}.{kernel.py_func.__qualname__}.lock"
        Path(folder).mkdir(parents=True, exist_ok=True)
        with global_compiler_lock, FileLock(Path(folder) / name, is_singleton=True):
            return compile_now(kernel, signature)

    Dispatcher.compile = compile_or_wait


drop_stale_caches(ROOT / "fairsched_fast")
if "PYTEST_XDIST_WORKER" in os.environ:
    compile_in_turn()


def pytest_xdist_auto_num_workers(config):
    """All tests run on all cores; a choice of them in one process, which starts sooner."""
    from fairsched_fast.workers import cores  # once no stale cache is left

    chosen = config.option.keyword or any(".py" in argument for argument in config.args)
    return 0 if chosen else cores()


@pytest.fixture
def shared():
    """The folder beside the checkout; the test is skipped where there is none."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not there: it is no part of the repository")
    return SHARED


@pytest.fixture(scope="session")
def compiled():
    """The usual kernels are on disk, for processes that a test starts."""
    import fairsched_fast as fs  # once no stale cache is left

    for held in (0, 10**6):  # keys of 16 and of 32 bits
        fs.allocate(fs.Batch(capacity=[2e6], demand=[[1]], usage=[[held]], extra_executors=1))


@pytest.fixture(scope="session")
def small_results(tmp_path_factory):
    """Results of a small sweep in which the policies differ."""
    from report_pages import small_sweep  # once no stale cache is left

    return small_sweep(tmp_path_factory.mktemp("report") / "out")


@pytest.fixture(scope="session")
def small_report(small_results):
    """The elements of its report."""
    from html_pages import read

    import fairsched_fast as fs
    from fairsched_fast.report.pages import render

    return read(render(fs.open_results(small_results)))


@pytest.fixture
def fairsched(capsys, monkeypatch, tmp_path):
    """Runs a command in an empty folder: (exit code, stdout, stderr)."""
    from fairsched_fast import cli, compiling  # once no stale cache is left

    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["fairsched", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return (
            ended.value.code or 0,
            out,
            err.replace(compiling.NOTICE, ""),
        )

    return run
