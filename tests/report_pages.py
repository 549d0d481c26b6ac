"""Reports that tests read: a small sweep's, and what is on a page."""

import json
from html import escape

import pytest
from html_pages import Element, read, shortcomings
from specs import JOBS, blocks, spec
from sweep_files import ran

from fairsched_fast import charts
from fairsched_fast.report.pages import render
from fairsched_fast.sweep.results.opened import Results

GRID = """grid = { "pool.Batch.capacity.mem_gb" = [350, 500, 800], extra_executors = [5, 15, 40] }
repeat = 2"""
UNEVEN = JOBS.replace("max_executors = 30\n", "max_executors = 6\n", 1)
HIGHEST_SIZE = 2_000_000


def small_sweep(out):
    """Results of a small sweep in which the policies differ."""
    ran(blocks(GRID, jobs=UNEVEN), out)
    return out


def report_of(out, drawn=False):
    """The report of a folder as text, and its elements; it has no shortcomings.

    Pictures take longest by far: where no test looks at them they are left empty.
    """
    with pytest.MonkeyPatch.context() as patch:
        if not drawn:
            patch.setattr(charts, "svg", empty_picture)
        html = render(Results(out))  # which does not warn: the page says what is missing
    elements = read(html)
    assert shortcomings(elements) == []
    assert len(html.encode()) < HIGHEST_SIZE
    return html, elements


def empty_picture(chart, *, alt):
    return f'<svg role="img"><title>{escape(alt)}</title></svg>'


def section(page, heading):
    """The part of the page below a heading."""
    for part in page.every("section"):
        first = next(part.every("h2", "h3", "h4"), None)
        if first is not None and first.text() == heading:
            return part
    raise AssertionError(f"no section {heading!r}")


def table(element, at=0):
    """Rows of text of a table: name → cells."""
    found = list(element.every("table"))[at]
    return {
        cells[0]: cells[1:]
        for row in found.every("tr")
        if (cells := [cell.text() for cell in row.children if isinstance(cell, Element)])
    }


def edit_manifest(out, **changes):
    path = out / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def page_without(tmp_path):
    """Headings of the report of a sweep that keeps no audit."""
    ran(spec(jobs=UNEVEN), tmp_path / "plain")
    return report_of(tmp_path / "plain")[1].every("h2")
