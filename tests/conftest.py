"""What all tests share: Hypothesis's settings, and no stale machine code."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"  # figures and traces that lie beside a checkout, where they do

pytest.register_assert_rewrite("agreement", "kernel_paths")

# A kernel's first call compiles it, which no deadline should count.
settings.register_profile("tests", deadline=None, max_examples=60)
settings.register_profile("ci", deadline=None, max_examples=60, derandomize=True, print_blob=True)
settings.register_profile("few", deadline=None, max_examples=8, derandomize=True)  # for slow modes
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


drop_stale_caches(ROOT / "fairsched_fast")


@pytest.fixture
def shared():
    """The folder beside the checkout; the test is skipped where there is none."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not there: it is no part of the repository")
    return SHARED


@pytest.fixture
def fairsched(capsys, monkeypatch, tmp_path):
    """Runs a command in an empty folder: (exit code, stdout, stderr)."""
    from fairsched_fast import cli  # once no stale cache is left

    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["fairsched", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err.replace("compiling kernels (once) …\n", "")

    return run
