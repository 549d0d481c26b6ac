"""Files that stand whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

PARTIAL = ".*.partial.*"  # names of files that are being written, or were when their writer died
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class StorageError(OSError):
    """The results could not be written; what is already there is kept."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file is recognised by."""

    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Stamp | None:
        """Of a file as it lies there; None where it cannot be read."""
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                return cls(file.tell(), digest)
        except OSError:
            return None

    def holds(self, path: Path) -> bool:
        """Whether the file is whole: its size is looked at before it is read."""
        with contextlib.suppress(OSError):
            return path.stat().st_size == self.bytes and Stamp.of(path) == self
        return False


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Whatever keeps us from writing below `folder` becomes one message.

    Raises
    ------
    StorageError
        Saying what to do about it.
    """
    try:
        yield
    except StorageError:  # told already
        raise
    except OSError as error:
        remedy = "free some space" if error.errno in _FULL else "see that it can be written to"
        raise StorageError(
            f"{folder}: cannot write: {error.strerror or error}. What is finished is kept; "
            f"{remedy} and run the same command again: it goes on from there"
        ) from error


def write_whole(path: Path, save: Callable[[Path], object]) -> Stamp:
    """Write beside, then put in place: a reader never sees half a file, nor does a power cut."""
    with beside(path) as partial:
        save(partial)
    stamp = Stamp.of(path)
    assert stamp is not None
    return stamp


@contextlib.contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Yields where to write; what is there at the end takes its place durably, or goes.

    No two writers share that place: one that is thought dead may still be at work.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.partial.{secrets.token_hex(4)}{path.suffix}")
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)  # noqa: PTH105 (replaces on every platform)
        sync_folder(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where folders can be opened for that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def parquet_writer(where: Any, schema: pa.Schema) -> pq.ParquetWriter:
    """Encodes tables the one way we do: the same bytes for the same tables."""
    ids = [name for name in schema.names if name == "scenario"]
    return pq.ParquetWriter(
        where,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name in schema.names if name not in ids],
        column_encoding=dict.fromkeys(ids, "DELTA_BINARY_PACKED"),  # ids only rise
        write_statistics=True,
    )


def write_parquet(table: pa.Table, where: Any) -> None:
    """A whole table as a file."""
    with parquet_writer(where, table.schema) as writer:
        writer.write_table(table)
