"""Commands and sweeps run by child processes, which a test may kill.

Those of sweeps are forked from a server that has what they need loaded: each starts soon.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

from sweep_files import ran

from fairsched_fast.sweep.scenarios import chunks

SMALL_SLICE = 1000
"""Rows of a slice, and here of a part, so that a small sweep has several."""

LOADED = [
    "fairsched_fast.sweep.running.run",
    "fairsched_fast.sweep.folder.pictures",
    "fairsched_fast.policies.built_in",
]


def run_until(moment, text, folder):
    """Run a sweep, and be killed at the `moment`-th step that makes something durable."""
    chunks.SLICE_ROWS = SMALL_SLICE
    steps = iter(range(1, moment + 1))

    def deadly(step):
        def then(*args):
            here = next(steps, None)
            if here == moment and moment % 2:
                os.kill(os.getpid(), signal.SIGKILL)
            step(*args)
            if here == moment:
                os.kill(os.getpid(), signal.SIGKILL)

        return then

    os.fsync, os.replace = deadly(os.fsync), deadly(os.replace)
    ran(text, Path(folder), workers=2)


def killed_at(moment, text, folder):
    """Whether a child that runs the sweep was killed, and had not ended before."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    child = context.Process(target=run_until, args=(moment, text, str(folder)))
    child.start()
    child.join(60)
    return child.exitcode == -signal.SIGKILL


def process(*words, **options):
    """A command as a process of its own, its streams piped."""
    return subprocess.Popen(
        [sys.executable, "-m", "fairsched_fast", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
