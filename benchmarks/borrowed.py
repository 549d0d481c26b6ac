"""Fast peers that lie beside some checkouts: built in a temporary folder, never kept.

`../shared/peers` has C++ made to be fast, and JAX, NumPy and Numba made as fast as they go. They
are copied, built and imported where they are; elsewhere each is left out, with the reason.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from workloads import Given, Workload

PEERS = Path(__file__).parents[2] / "shared" / "peers"


class LeftOutError(Exception):
    """Why a contestant is not there."""


class Workshop:
    """A folder in which peers are built, and the workloads written down for them."""

    def __init__(self, folder: Path, source: Path = PEERS) -> None:
        self.folder, self.source = folder, source

    def _copy(self, name: str) -> Path:
        if not (self.source / name).is_file():
            raise LeftOutError(
                f"{self.source / name} is not there: it is no part of the repository"
            )
        return shutil.copy(self.source / name, self.folder / name)

    def program(self) -> Path:
        """The C++ peers, compiled for this machine.

        Raises
        ------
        LeftOutError
            Where there is no source or no compiler.
        """
        built = self.folder / "peers_cpp"
        if not built.exists():
            source, compiler = self._copy("peers.cpp"), shutil.which("g++")
            if compiler is None:
                raise LeftOutError("no g++ here")
            flags = ["-O3", "-march=native", "-fopenmp", "-std=c++17"]
            subprocess.run([compiler, *flags, source, "-o", built], check=True)
        return built

    def python(self) -> ModuleType:
        """The Python peers.

        Raises
        ------
        LeftOutError
            Where there is no source.
        """
        for name in ("gen.py", "pypeers.py"):
            self._copy(name)
        if str(self.folder) not in sys.path:
            sys.path.insert(0, str(self.folder))
        return importlib.import_module("pypeers")

    def write(self, name: str, work: Workload) -> Path:
        """A workload as the C++ reads it: int32, S J R N L, then the arrays one after the other."""
        path = self.folder / f"{name}.bin"
        if not path.exists():
            header = np.array([*work.shape, common_multiple(work)])
            arrays = (header, work.capacity, work.demand, work.ceiling, work.usage)
            path.write_bytes(b"".join(a.astype(np.int32).tobytes() for a in arrays))
        return path


def common_multiple(work: Workload) -> int:
    """Of the capacities: the denominator of all shares."""
    return math.lcm(*work.capacity.tolist())


class Program:
    """One mode of the C++ peers, a process a call, on one core; it times itself, warmed up."""

    def __init__(self, workshop: Workshop, name: str, work: Workload, mode: str) -> None:
        self.command = [workshop.program(), workshop.write(name, work), mode, "1"]
        self.finals = mode == "final"

    def measure(self, rounds: int) -> tuple[float, tuple[str, str]]:
        """The median's seconds and the checksums."""
        ran = subprocess.run(
            [*self.command, str(rounds)], capture_output=True, text=True, check=True
        )
        found = re.search(r"med=([\d.]+)s.* G=(\w+) CH=(\w+)", ran.stdout)
        assert found is not None, ran.stdout
        seconds, granted, choices = found.groups()
        return float(seconds), (granted, "" if self.finals else choices)


def python_peer(workshop: Workshop, kind: str, work: Workload) -> Callable[[], Given]:
    """A Python peer: numpy, jax, numba_tree, numba_lock (lanes; three jobs of one demand only).

    Raises
    ------
    LeftOutError
        Where there is no source, no JAX, or the peer cannot do this workload.
    """
    peers = workshop.python()
    arrays = (work.capacity, work.demand, work.ceiling, work.executors, work.usage)
    common = common_multiple(work)
    if kind == "numpy":
        return lambda: Given(*peers.numpy_vec(*arrays, common))
    if kind == "jax":
        if importlib.util.find_spec("jax") is None:
            raise LeftOutError("JAX is not installed")
        run = peers.make_jax(*arrays, common)
        return lambda: Given(*run())
    if kind == "numba_lock" and work.usage.shape[1:] != (3, 2):
        raise LeftOutError("for three jobs only")
    compiled: Callable[[], tuple[Any, Any]] = peers.make_numba(kind, *arrays, common)
    if kind == "numba_lock":  # planes in, planes out: turning them round is not timed
        return lambda: Given(*(plane.T for plane in compiled()))
    return lambda: Given(*compiled())
