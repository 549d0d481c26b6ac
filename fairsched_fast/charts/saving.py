"""Charts as files and as text: the same figure gives the same bytes."""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path
from xml.etree import ElementTree as ET

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fairsched_fast.charts.style import styled

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
ET.register_namespace("", _SVG)
ET.register_namespace("xlink", _XLINK)
_HREF = f"{{{_XLINK}}}href"
_UNDATED: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@styled
def save(chart: Axes | Figure, path: Path) -> Path:
    """Write a chart's figure, as what the suffix says; the same figure gives the same bytes.

    Its layout is that of the first time it is written. Text in an SVG is text: it can be read
    aloud, searched and copied.
    """
    _write(chart, path, path.suffix.lower().lstrip("."))
    return path


@styled
def svg(chart: Axes | Figure, *, alt: str) -> str:
    """A chart as an `<svg>` element to put into a page; the same figure gives the same text.

    It is an image with a name to a screen reader (`role="img"`, `<title>`), is no wider than its
    place, styles nothing but itself, and its ids are its own: only the very same chart with the
    very same `alt` has the same ones.

    Text stays text in a generic sans-serif face, so that it can be found, selected and read aloud
    and weighs little. It is laid out for a wide face (DejaVu Sans), so that with another, which is
    narrower, names end early and do not run into each other.

    Parameters
    ----------
    chart
        A figure, or axes of it.
    alt
        What is to be seen, for who does not see it.
    """
    drawn = io.BytesIO()
    _write(chart, drawn, "svg")
    root = ET.fromstring(drawn.getvalue())
    _tidy(root)
    mark = hashlib.sha256(alt.encode() + ET.tostring(root)).hexdigest()[:10]
    _own_ids(root, f"c{mark}-")
    title = ET.Element(f"{{{_SVG}}}title", {"id": f"c{mark}"})
    title.text = _legal(alt)
    root.insert(0, title)
    root.attrib |= {"role": "img", "aria-labelledby": f"c{mark}"}
    return ET.tostring(root, encoding="unicode")


def _write(chart: Axes | Figure, to: Path | io.BytesIO, kind: str) -> None:
    """Laid out by the first writing for all that follow: each layout starts from the one before."""
    figure = chart if isinstance(chart, Figure) else chart.get_figure(root=True)
    assert figure is not None
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
    figure.savefig(to, format=kind, metadata=_UNDATED.get(kind, {}))


def _tidy(root: ET.Element) -> None:
    """Drop what is about the file, and what would style a whole page."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    root.set("style", "max-width:100%;height:auto;stroke-linejoin:round;stroke-linecap:butt")


def _own_ids(root: ET.Element, prefix: str) -> None:
    """Keep the ids that something refers to, each with the prefix."""
    used = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            if name == _HREF and value.startswith("#"):
                used.add(value[1:])
                element.set(name, f"#{prefix}{value[1:]}")
            elif "url(#" in value:
                used |= set(re.findall(r"url\(#([^)]+)\)", value))
                element.set(name, value.replace("url(#", f"url(#{prefix}"))
    for element in root.iter():
        own = element.attrib.pop("id", None)
        if own in used:
            element.set("id", prefix + own)


def _legal(text: str) -> str:
    """Without the control characters that XML has no place for."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
