"""What must be there for results to be opened: a manifest that we can read, the jobs' table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fairsched_fast.errors import InputError
from fairsched_fast.sweep.folder.ownership import MANIFEST, SPEC
from fairsched_fast.sweep.folder.parts import SCHEMA_VERSION
from fairsched_fast.sweep.folder.store import FORMAT
from fairsched_fast.sweep.scenarios.jobs_table import file_hash


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the manifest says, once it is known to be one that we can read.

    Raises
    ------
    InputError
        When the folder holds no sweep, or one that another version wrote.
    """
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "is not there"
        raise InputError(f"{folder} {what}; expected a folder that `fairsched sweep` wrote")
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError(
            f"{folder} holds no sweep: there is no {MANIFEST}; expected a folder that "
            "`fairsched sweep` wrote"
        )
    text = read_text(path)
    try:
        manifest = json.loads(text)
        ours = manifest["format"] == FORMAT
        schema, _, _ = manifest["schema"], int(manifest["scenarios"]), manifest["status"]
    except (ValueError, KeyError, TypeError, ArithmeticError):
        ours = False
    if not ours:
        raise InputError(
            f"{path} is no manifest of a sweep; expected a folder that `fairsched sweep` wrote"
        )
    if schema != SCHEMA_VERSION:
        raise InputError(
            f"{folder} has tables of version {schema}, and this fairsched_fast reads version "
            f"{SCHEMA_VERSION}; use the fairsched_fast that wrote it, or run the sweep again"
        )
    found: dict[str, Any] = manifest
    return found


def read_spec(folder: Path) -> str:
    """The sweep file that a folder was run from.

    Raises
    ------
    InputError
        When it is not there, or cannot be read.
    """
    if not (folder / SPEC).exists():
        raise InputError(
            f"{folder} lacks its {SPEC}, the sweep file that it was run from; put it back, or run "
            "the sweep again"
        )
    return read_text(folder / SPEC)


def read_text(path: Path) -> str:
    """A file of the folder.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be read: {why}") from error


def find_jobs_table(folder: Path, stated: str, given: Path | None, sha256: str | None) -> Path:
    """The CSV that jobs were drawn from, wherever it lies now: it is told by its checksum.

    Parameters
    ----------
    folder, stated
        The results, and the table's path as the sweep file has it, from the folder or from here.
    given
        Where the user says that it lies.
    sha256
        The checksum that the manifest has, if it has one.

    Raises
    ------
    InputError
        When it is not there, or is another.
    """
    places = [given] if given else [folder / stated, Path(stated)]
    there = [path for path in places if path.is_file()]
    if not there:
        raise InputError(
            f"{places[-1]}: there is no such file, and {folder} drew its jobs from it; "
            "expected that CSV, to rebuild scenarios from: name it with jobs= (--jobs)"
        )
    for path in there:
        if sha256 in (None, file_hash(path)):
            return path
    raise InputError(
        f"{there[-1]} is not the table that {folder} drew its jobs from: its checksum "
        "is another; expected it as it was: name it with jobs= (--jobs)"
    )
