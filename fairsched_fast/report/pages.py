"""The page itself: what there is to tell put into the template, and written."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from fairsched_fast.errors import InputError
from fairsched_fast.plain_text import visible
from fairsched_fast.report.contents import contents
from fairsched_fast.report.digits import share
from fairsched_fast.report.facts import gather
from fairsched_fast.report.naming import named
from fairsched_fast.sweep.folder.durable import StorageError, write_whole
from fairsched_fast.sweep.results.opened import Results

NAME = "report.html"


def write_report(
    results: Results | str | PathLike[str],
    out: str | PathLike[str] | None = None,
    *,
    tell: Callable[[str], object] | None = None,
) -> Path:
    """Write a sweep's report, one page that needs nothing else; where it is.

    The same results give the same bytes.

    Parameters
    ----------
    results
        An opened folder, or its path, finished or not: what is missing is said at the top of the
        page.
    out
        The page's file; None is `report.html` in the folder.
    tell
        Is called with each sentence that stands at the top of the page, under "Before you read on".

    Raises
    ------
    InputError
        When `results` is no folder of a sweep; when `out` is a folder, or its folder is not there.
    StorageError
        When the page cannot be written.
    """
    opened = _opened(results)
    place = opened.folder / NAME if out is None else Path(out)
    told = contents(gather(opened))
    page = _page(told)
    try:
        if place.is_dir():
            raise InputError(f"{place} is a folder; expected a file's name, as in {place / NAME}")
        if not place.parent.is_dir():
            raise InputError(f"{place.parent}: there is no such folder; make it, or name another")
        write_whole(place, lambda path: path.write_text(page, encoding="utf-8", newline="\n"))
    except OSError as error:
        raise StorageError(
            f"{place}: cannot be written: {error.strerror or error}; name another file with --out"
        ) from error
    if tell is not None:
        for sentence in told["warnings"]:
            tell(sentence)
    return place


def render(results: Results) -> str:
    """The page as text."""
    return _page(contents(gather(results)))


def _opened(given: object) -> Results:
    if isinstance(given, Results):
        return given
    if isinstance(given, str | PathLike):
        return Results(Path(given))
    raise InputError(
        f"results is {given!r}; expected what fs.open_results gives, or the path of a folder that "
        "`fairsched sweep` wrote"
    )


def _page(told: dict[str, Any]) -> str:
    environment = Environment(
        loader=PackageLoader("fairsched_fast.report", "page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"named": named, "share": share, "visible": visible}
    return environment.get_template("report.html").render(told)
