"""The result folder: parts written whole or not at all, a manifest, and whose folder it is."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fairsched_fast.errors import InputError
from fairsched_fast.sweep.parts import MEASURES, SCHEMA_VERSION
from fairsched_fast.sweep.spec import spec_hash

FORMAT = "fairsched-sweep"
MANIFEST = "manifest.json"
SPEC = "spec.toml"
CHARTS = "charts"
KINDS = ("summary", "jobs")
_OURS = (
    *(f"{kind}/part-*.parquet" for kind in KINDS),
    *(f"{CHARTS}/{name}.png" for name in (*MEASURES, "heatmap")),
    "*/.*.partial.*",
)
_PACKAGES = ("fairsched-fast", "numpy", "numba", "pyarrow")


class StorageError(OSError):
    """The results could not be written; what is already there is kept."""


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
        self.about = {"spec_sha256": spec_hash(text), **about}
        if folder.exists():
            self._check_ours()

    def _check_ours(self) -> None:
        here = self.folder
        if not here.is_dir():
            raise InputError(f"{here} is a file; expected a folder to write results to")
        manifest = here / MANIFEST
        if not manifest.exists():
            if any(here.iterdir()):
                raise InputError(
                    f"{here} exists and holds no sweep; it is left as it was. Name another folder"
                )
            return
        try:
            there = json.loads(manifest.read_text(encoding="utf-8"))
            ours = there["format"] == FORMAT
            scenarios = int(there["scenarios"])
        except (ValueError, KeyError, TypeError, OSError):
            ours = False
        if not ours:
            raise InputError(
                f"{manifest} is no manifest of a sweep; {here} is left as it was. "
                "Name another folder"
            )
        for key, what in (("spec_sha256", "spec"), ("jobs_sha256", "jobs table")):
            if there.get(key) != self.about[key]:
                raise InputError(
                    f"{here} holds the sweep of another {what} (see {here / SPEC}); it is left as "
                    "it was. Name another folder, or delete this one"
                )
        if scenarios > self.about["scenarios"]:
            raise InputError(
                f"{here} holds {scenarios:,} scenarios of this sweep, and "
                f"{self.about['scenarios']:,} are asked for; it is left as it was. Name another "
                "folder, or delete this one"
            )

    def begin(self) -> None:
        """Make the folder ours: spec and manifest stand before the first part; old parts go."""
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            self.write_manifest({"status": "running"})
            for pattern in _OURS:
                for stale in self.folder.glob(pattern):
                    stale.unlink()
            self._write(
                self.folder / SPEC, lambda path: path.write_text(self.spec, encoding="utf-8")
            )

    def write_part(self, kind: str, number: int, table: pa.Table) -> int:
        """Write one part; how many bytes it takes."""
        path = self.folder / kind / f"part-{number:06d}.parquet"
        with self._writing():
            path.parent.mkdir(exist_ok=True)
            self._write(path, lambda beside: write_parquet(table, beside))
            return path.stat().st_size

    def write_chart(self, name: str, save: Callable[[Path], object]) -> Path:
        """Write one chart."""
        path = self.folder / CHARTS / name
        with self._writing():
            path.parent.mkdir(exist_ok=True)
            self._write(path, save)
        return path

    def write_manifest(self, outcome: dict[str, Any]) -> dict[str, Any]:
        """What was run, with what, and what came out."""
        whole = {
            "format": FORMAT,
            "schema": SCHEMA_VERSION,
            "versions": versions(),
            **self.about,
            **outcome,
        }
        text = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
        with self._writing():
            self._write(
                self.folder / MANIFEST, lambda path: path.write_text(text, encoding="utf-8")
            )
        return whole

    def _write(self, path: Path, save: Callable[[Path], object]) -> None:
        """Write beside, then rename: a reader never sees half a file."""
        beside = path.with_name(f".{path.stem}.partial{path.suffix}")
        try:
            save(beside)
            os.replace(beside, path)  # noqa: PTH105 (replaces on every platform)
        except BaseException:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            raise

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except StorageError:  # told already
            raise
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            remedy = "free some space" if full else "see that it can be written to"
            raise StorageError(
                f"{self.folder}: cannot write: {error.strerror or error}. It holds whole "
                f"parts of an unfinished sweep; {remedy} and run the same command again"
            ) from error


def write_parquet(table: pa.Table, where: Any) -> None:
    """Encode a table the one way we do: the same bytes for the same rows."""
    pq.write_table(
        table,
        where,
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name in table.schema.names if name != "scenario"],
        column_encoding={"scenario": "DELTA_BINARY_PACKED"},  # ids only rise
        write_statistics=True,
    )


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that make the numbers."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
