"""Whose a result folder is: refusals that leave it as it was, and show the difference."""

from __future__ import annotations

import contextlib
import difflib
import json
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

from fairsched_fast.errors import InputError
from fairsched_fast.sweep.folder.durable import PARTIAL

MANIFEST = "manifest.json"
SPEC = "spec.toml"
_LEFT = "it is left as it was. Name another folder"
_SHOWN = 20  # lines of a difference


def read_manifest(folder: Path, form: str, beside: Set[str]) -> dict[str, Any]:
    """The manifest in a folder; {} where the folder is new, or holds no more than `beside`.

    Raises
    ------
    InputError
        When it is another's folder, or no folder.
    """
    manifest = folder / MANIFEST
    if not folder.exists():
        return {}
    if not folder.is_dir():
        raise InputError(f"{folder} is a file; expected a folder to write results to")
    if not manifest.exists():
        if any(path.name not in beside and not path.match(PARTIAL) for path in folder.iterdir()):
            if (folder / SPEC).exists():
                raise InputError(
                    f"{folder} holds a sweep whose {MANIFEST} is gone: nobody can tell what "
                    f"made its parts; {_LEFT}, or delete this one"
                )
            raise InputError(f"{folder} exists and holds no sweep; {_LEFT}")
        return {}
    try:
        there = json.loads(manifest.read_text(encoding="utf-8"))
        if there["format"] == form:
            int(there["scenarios"])
            return dict(there)
    except (ValueError, KeyError, TypeError, OSError):
        pass
    raise InputError(
        f"{manifest} is no manifest of a sweep; {folder} is left as it was. Name another folder"
    )


def check_same(folder: Path, there: dict[str, Any], here: dict[str, Any], spec: str) -> None:
    """A folder's manifest is of the sweep that is to be run, and of what makes the same bytes.

    Raises
    ------
    InputError
        Showing the difference.
    """
    if there.get("spec_sha256") != here["spec_sha256"]:
        raise InputError(
            f"{folder} holds the sweep of another spec, and {_LEFT}, or delete this one. Lines of "
            f"the spec there (-) and here (+):\n{_spec_difference(folder, spec)}"
        )
    if there.get("jobs_sha256") != here["jobs_sha256"]:
        raise InputError(
            f"{folder} holds the sweep of another jobs table: {there.get('jobs_table')} had other "
            f"content then; {_LEFT}, or delete this one"
        )
    apart = list(_differences(there, here))
    if apart:
        raise InputError(
            f"{folder} was made with {', '.join(apart)}: what is added now might not match; "
            f"{_LEFT}, or delete this one"
        )
    if there["scenarios"] > here["scenarios"]:
        raise InputError(
            f"{folder} holds {there['scenarios']:,} scenarios of this sweep, and "
            f"{here['scenarios']:,} are asked for; {_LEFT}, or delete this one"
        )


def _differences(there: dict[str, Any], here: dict[str, Any]) -> Iterator[str]:
    if there.get("schema") != here["schema"]:
        yield f"results of schema {there.get('schema')} (now {here['schema']})"
    journal = there.get("journal", 1)  # the first had no number
    if journal != here["journal"]:
        yield f"a journal of version {journal} (now {here['journal']})"
    for what in ("versions", "policy_sources"):
        old = there.get(what)
        old = old if isinstance(old, dict) else {}
        for name, now in here[what].items():
            if name == "python" or old.get(name) == now:
                continue
            if what == "versions":
                yield f"{name} {old.get(name)} (now {now})"
            else:
                yield f"another definition of policy {name!r}"


def _spec_difference(folder: Path, spec: str) -> str:
    old = ""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        old = (folder / SPEC).read_text(encoding="utf-8")
    lines = list(difflib.unified_diff(old.splitlines(), spec.splitlines(), n=0, lineterm=""))[2:]
    changed = [line for line in lines if not line.startswith("@@")]
    more = [f"… and {len(changed) - _SHOWN} more"] if len(changed) > _SHOWN else []
    return "\n".join([*changed[:_SHOWN], *more])
