"""The page itself: what there is to tell put into the template, and written."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from fairsched_fast.errors import InputError
from fairsched_fast.report import words
from fairsched_fast.report.contents import contents
from fairsched_fast.report.facts import gather
from fairsched_fast.report.naming import named
from fairsched_fast.sweep.folder.durable import StorageError, write_whole
from fairsched_fast.sweep.results.opened import Results

NAME = "report.html"


def write_report(results: Results, out: Path | None = None) -> Path:
    """Write a sweep's report, one page that needs nothing else; where it is.

    The same results give the same bytes.

    Parameters
    ----------
    results
        An opened folder, finished or not: what is missing is said at the top of the page.
    out
        The page's file; None is `report.html` in the folder.

    Raises
    ------
    InputError
        When `out` is a folder, or its folder is not there.
    StorageError
        When the page cannot be written.
    """
    place = results.folder / NAME if out is None else out
    page = render(results)
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
    return place


def render(results: Results) -> str:
    """The page as text."""
    environment = Environment(
        loader=PackageLoader("fairsched_fast.report", "page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"named": named, "share": words.share}
    return environment.get_template("report.html").render(contents(gather(results)))
