"""The result folder: whose it is, who holds it, what of it is whole, and its manifest."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import socket
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from fairsched_fast.errors import InputError
from fairsched_fast.sweep.folder.digest import LAYOUT, PICTURES
from fairsched_fast.sweep.folder.durable import PARTIAL, Stamp, StorageError, write_whole, writing
from fairsched_fast.sweep.folder.journal import ChunkRecord, Journal
from fairsched_fast.sweep.folder.ownership import MANIFEST, SPEC, check_same, read_manifest
from fairsched_fast.sweep.folder.parts import SCHEMA_VERSION
from fairsched_fast.sweep.scenarios.chunks import Chunk
from fairsched_fast.sweep.scenarios.schema import spec_hash
from fairsched_fast.workers import cores

FORMAT = "fairsched-sweep"
KINDS = ("summary", "jobs", "steps", "audit")
CHARTS, AGGREGATES = "charts", "aggregates"
_LOCK = ".lock"
_PACKAGES = ("fairsched-fast", "numpy", "numba", "pyarrow")
_AT_ONCE = 256  # records in memory while parts are looked at


def picture_name(name: str) -> str:
    """A chart's file, as the manifest names it."""
    return f"{CHARTS}/{name}.png"


def part_path(folder: Path, kind: str, number: int) -> Path:
    """Where a chunk's part of a kind lies."""
    return folder / kind / f"part-{number:06d}.parquet"


class Store:
    """A sweep's result folder.

    Raises
    ------
    InputError
        When the folder exists and is not this sweep's: it is left as it was.
    """

    def __init__(self, folder: Path, text: str, about: dict[str, Any]) -> None:
        self.folder = folder
        self.spec = text
        self.about = {
            "format": FORMAT,
            "schema": SCHEMA_VERSION,
            "journal": LAYOUT,
            "versions": versions(),
            "spec_sha256": spec_hash(text),
            **about,
        }
        self.journal = Journal(folder)
        self.manifest = self._ours()

    def _ours(self) -> dict[str, Any]:
        """The manifest that lies there; {} where there is none yet."""
        there = read_manifest(self.folder, FORMAT, beside={_LOCK})
        if there:
            check_same(self.folder, there, self.about, self.spec)
        return there

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder, so that no other process writes to it.

        Raises
        ------
        InputError
            When another one does, or has meanwhile made it the folder of another sweep.
        """
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / _LOCK)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                raise InputError(f"{self.folder} is held by {self._holder()}") from None
        try:
            self.manifest = self._ours()
            yield
        finally:
            lock.release()

    def _holder(self) -> str:
        try:
            by = read_manifest(self.folder, FORMAT, beside={_LOCK})["held_by"]
            who = f"process {by['pid']} on {by['host']}, since {by['since']}"
        except (InputError, KeyError, TypeError):
            who = "another process"
        return f"{who}; wait for it to end, or name another folder"

    def resume(
        self, expected: Callable[[int], Iterable[Chunk]], readable: Callable[[str], bool]
    ) -> set[int]:
        """Numbers of the chunks that are finished and whole; all else of ours is forgotten.

        `expected` gives the chunks of the sweep up to a number, `readable` says whether a digest
        can be read. What is derived from all chunks stays until `restart`.
        """
        last = max((record.number for record in self.journal.lines()), default=-1)
        cuts = {chunk.number: (chunk.start, chunk.stop) for chunk in expected(last)}
        whole: set[int] = set()
        named: set[Path] = set()

        def kept() -> Iterator[ChunkRecord]:
            for record in self._whole_records(cuts, readable):
                whole.add(record.number)
                named.update(part_path(self.folder, kind, record.number) for kind in record.parts)
                yield record

        with writing(self.folder):
            if self.journal.path.exists():  # the manifest is the first file of ours
                self.journal.rewrite(kept())
            for kind in KINDS:
                for path in (self.folder / kind).glob("part-*.parquet"):
                    if path not in named:
                        path.unlink()
        self.clear_partials()
        return whole

    def clear_partials(self) -> None:
        """Delete what writers left that were killed."""
        with writing(self.folder):
            for pattern in (PARTIAL, f"*/{PARTIAL}"):
                for partial in self.folder.glob(pattern):
                    partial.unlink(missing_ok=True)

    def _whole_records(
        self, cuts: dict[int, tuple[int, int]], readable: Callable[[str], bool]
    ) -> Iterator[ChunkRecord]:
        def is_whole(record: ChunkRecord) -> bool:
            return (
                not record.failed
                and cuts.get(record.number) == (record.start, record.stop)
                and readable(record.digest)
                and all(
                    part.stamp.holds(part_path(self.folder, kind, record.number))
                    for kind, part in record.parts.items()
                )
            )

        lines = self.journal.lines()
        with ThreadPoolExecutor(cores()) as pool:
            while some := list(islice(lines, _AT_ONCE)):
                whole = pool.map(is_whole, some)
                yield from (record for record, fine in zip(some, whole, strict=True) if fine)

    def is_complete(self) -> bool:
        """Whether the manifest says so, and what was derived from the chunks is whole."""
        return self.manifest.get("status") == "complete" and all(
            Stamp(**stamp).holds(self.folder / name)
            for name, stamp in self.manifest.get("files", {}).items()
        )

    def restart(self) -> None:
        """Say that the sweep runs: manifest and spec stand before the first part."""
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self.write_manifest({"status": "running", "held_by": holder})
        with writing(self.folder):
            for pattern in (*map(picture_name, PICTURES), f"{AGGREGATES}/*.parquet"):
                for stale in self.folder.glob(pattern):
                    stale.unlink()
            write_whole(
                self.folder / SPEC, lambda path: path.write_text(self.spec, encoding="utf-8")
            )

    def record(self, record: ChunkRecord) -> None:
        """Note in the journal what became of a chunk; its parts are in place by then."""
        with writing(self.folder):
            self.journal.append(record)

    def write_file(self, name: str, save: Callable[[Path], object]) -> dict[str, Any]:
        """Write a file derived from all chunks; its entry in the manifest's `files`."""
        with writing(self.folder):
            return {name: asdict(write_whole(self.folder / name, save))}

    def write_manifest(self, outcome: dict[str, Any]) -> dict[str, Any]:
        """What was run, with what, and what came out."""
        self.manifest = {**self.about, **outcome}
        text = json.dumps(self.manifest, indent=2, ensure_ascii=False) + "\n"
        with writing(self.folder):
            write_whole(
                self.folder / MANIFEST, lambda path: path.write_text(text, encoding="utf-8")
            )
        return self.manifest


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that make the numbers."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


__all__ = ["StorageError", "Store", "part_path", "versions"]
