"""Chunks on other machines: the crew of a `dask.distributed` cluster whose workers see the folder.

A worker writes a chunk's parts itself, by the same code as on one machine, and gives back one
record. A chunk whose worker dies is run again by Dask; one that was there whenever a worker died is
run once more with nothing beside it, so that no chunk is blamed for its neighbour.
"""

from __future__ import annotations

import contextlib
import io
import logging
import pickle
import signal
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from fairsched_fast.errors import InputError
from fairsched_fast.policies.base import Policy
from fairsched_fast.sweep.folder.durable import StorageError
from fairsched_fast.sweep.folder.journal import ChunkRecord
from fairsched_fast.sweep.folder.ownership import SPEC
from fairsched_fast.sweep.folder.store import versions
from fairsched_fast.sweep.running.compute import attempt
from fairsched_fast.sweep.scenarios.chunks import Chunk
from fairsched_fast.sweep.scenarios.sampling import Sweep

if TYPE_CHECKING:
    from distributed import Client, Future

_AHEAD = 2  # chunks for each thread of a worker: while one runs, the next is on its way
_LOOK_EVERY = 1.0  # seconds: workers come and go
_PATIENCE = 10.0  # seconds until a scheduler that does not answer is none


class Cluster:
    """A `Crew` of Dask's workers."""

    def __init__(self, client: Client, sweep: Sweep, folder: Path) -> None:
        from distributed import as_completed

        self._client, self._folder = client, folder.resolve()
        # A task of its own, so that it travels to each worker once, and is made again where lost.
        self._packed = client.submit(bytes, pack(sweep), pure=False)
        self._done = as_completed(loop=client.loop, with_results=True, raise_errors=False)
        self._running: dict[Future, Chunk] = {}
        self._suspects: list[Chunk] = []
        self._window, self._look_at = 0, 0.0

    def __len__(self) -> int:
        return len(self._running) + len(self._suspects)

    def is_full(self) -> bool:
        """See `Crew`."""
        if time.monotonic() >= self._look_at:
            self._window = _AHEAD * max(1, sum(self._client.nthreads().values()))
            self._look_at = time.monotonic() + _LOOK_EVERY
        return len(self) >= self._window

    def submit(self, chunk: Chunk) -> None:
        """See `Crew`."""
        future = self._client.submit(_work, self._packed, chunk, self._folder, pure=False)
        self._running[future] = chunk
        self._done.add(future)

    def settled(self) -> Iterator[ChunkRecord]:
        """See `Crew`."""
        from distributed import KilledWorker

        alone = not self._running
        if alone:
            self.submit(self._suspects.pop())
        for future, result in self._done.next_batch():
            chunk = self._running.pop(future)
            if future.status == "finished":
                yield result
                continue
            error = result[1] if future.status == "error" else result
            if not isinstance(error, KilledWorker):
                raise _told(error, self._folder) from error
            if alone:
                yield _killer(chunk, error)
            else:
                self._suspects.append(chunk)

    def close(self) -> tuple[ChunkRecord, ...]:
        """See `Crew`: those that run are dropped, and what they still write is as good as none."""
        self._done.clear()
        self._client.cancel([*self._running, self._packed])
        return ()


def _killer(chunk: Chunk, error: Any) -> ChunkRecord:
    failed = f"its worker was killed, each of {error.allowed_failures + 1} times that it was tried"
    return ChunkRecord(chunk.number, chunk.start, chunk.stop, failed=failed)


def _told(error: BaseException, folder: Path) -> Exception:
    """What keeps all chunks from running, in words."""
    from distributed import CancelledError

    if isinstance(error, InputError | OSError):
        return error
    if isinstance(error, CancelledError):
        return StorageError(
            f"{folder}: the Dask scheduler went away, or dropped the work. What is finished is "
            "kept; run the same command again: it goes on from there"
        )
    return InputError(
        f"Dask's workers cannot run chunks: {type(error).__name__}: {error}; see that "
        "fairsched-fast is installed there as it is here"
    )


def _work(packed: bytes, chunk: Chunk, folder: Path) -> ChunkRecord:
    """What a worker runs.

    Raises
    ------
    InputError, StorageError
        Where this worker cannot run any chunk.
    """
    return attempt(_unpacked(packed, folder), chunk, folder)


@lru_cache(maxsize=1)
def _unpacked(packed: bytes, folder: Path) -> Sweep:
    """The sweep, once in each worker: a key function is then compiled once.

    Raises
    ------
    InputError
        Where this worker would write other bytes, or lacks what the sweep's policies import.
    StorageError
        Where it does not see the folder.
    """
    made_with, content = pickle.loads(packed)
    here = versions()
    here.pop("python")
    apart = [
        f"{name} {it} (not {made_with[name]})" for name, it in here.items() if it != made_with[name]
    ]
    if apart:
        raise InputError(
            f"a worker has {', '.join(apart)}: what it writes might not match; install the same "
            "versions there"
        )
    try:
        sweep: Sweep = pickle.loads(content)
    except Exception as error:
        raise InputError(
            f"a worker cannot load the sweep's policies: {type(error).__name__}: {error}; see that "
            "what they import is installed there"
        ) from error
    with contextlib.suppress(OSError, UnicodeDecodeError):
        there = (folder / SPEC).read_text(encoding="utf-8")
        if there.splitlines() == sweep.text.splitlines():
            return sweep
    raise StorageError(
        f"{folder}: a worker does not see this folder, or another by that name; expected one that "
        "all machines share"
    )


def pack(sweep: Sweep) -> bytes:
    """A sweep as it travels: policies of one's own as objects, whose module nobody else needs."""
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, Policy) and not obj.built_in:
                return obj.by_value()
            return super().reducer_override(obj)

    content = io.BytesIO()
    Pickler(content).dump(sweep)
    return pickle.dumps((versions(), content.getvalue()))


def check_client(client: Any) -> None:
    """See that this is a client of Dask's that can be waited for.

    Raises
    ------
    InputError
        When it is not.
    """
    _needed()
    from distributed import Client

    if not isinstance(client, Client) or client.asynchronous:
        raise InputError(f"client is {client!r}; expected a dask.distributed.Client")


def _needed() -> None:
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise InputError(
            "Dask is not installed; install it with: pip install 'fairsched-fast[dask]'"
        ) from None


@contextlib.contextmanager
def connected(scheduler: str | None, workers: int | None, stream: TextIO) -> Iterator[Client]:
    """A client of the cluster at an address, or of one here of so many processes, which it ends.

    A cluster that has no workers yet is waited for; `stream` is told.

    Raises
    ------
    InputError
        When Dask is not installed, or nobody answers at the address.
    """
    _needed()
    from distributed import Client

    with contextlib.ExitStack() as held:
        where = held.enter_context(_processes(workers)) if scheduler is None else scheduler
        try:
            client = held.enter_context(Client(where, timeout=_PATIENCE))
        except (OSError, ValueError) as error:
            raise InputError(f"--scheduler is {where!r}, where none answers: {error}") from error
        if not client.nthreads():
            print("waiting for workers …", file=stream, flush=True)
        yield client


def _processes(workers: int | None) -> Any:
    """A cluster of this machine's, which does not hear Ctrl-C: it is us who end it."""
    from distributed import LocalCluster

    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)  # what child processes begin with
    try:
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address=":0",
            silence_logs=logging.ERROR,
        )
    finally:
        signal.signal(signal.SIGINT, heard)
