"""Reading pages: their elements, what is written in them, and what they lack for some readers."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

_VOID = {"meta", "link", "br", "hr", "img", "input"}
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass
class Element:
    """A tag, what it has, and what is in it, in order."""

    tag: str
    attrs: dict
    children: list = field(default_factory=list)

    def every(self, *tags):
        """All elements below of these tags; of none, all."""
        for child in self.children:
            if isinstance(child, Element):
                if not tags or child.tag in tags:
                    yield child
                yield from child.every(*tags)

    def text(self):
        """All that is written in it, words apart by one space."""
        parts = (child if isinstance(child, str) else child.text() for child in self.children)
        return " ".join(" ".join(parts).split())


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.root = Element("page", {})
        self._open = [self.root]

    def handle_starttag(self, tag, attrs):
        element = Element(tag, dict(attrs))
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attrs):
        self._open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data):
        self._open[-1].children.append(data)


def read(html):
    """The page's elements; every tag that is opened is closed in its turn."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert len(reader._open) == 1
    return reader.root


def shortcomings(page):
    """What a reader who hears the page, or has no mouse, would miss."""
    return [*_of_document(page), *_of_headings(page), *_of_tables(page), *_of_names(page)]


def _of_document(page):
    (html,) = page.every("html")
    if html.attrs.get("lang") != "en":
        yield "the page does not say its language"
    if not next(page.every("title")).text():
        yield "the page has no title"
    if len(list(page.every("main"))) != 1:
        yield "the page has not one main part"


def _of_headings(page):
    levels = [int(heading.tag[1]) for heading in page.every(*_HEADINGS)]
    if levels[:1] != [1] or levels.count(1) != 1:
        yield "the first heading is not the only h1"
    for before, after in pairwise(levels):
        if after > before + 1:
            yield f"h{after} follows h{before}"
    for heading in page.every(*_HEADINGS):
        if not heading.text():
            yield f"an empty {heading.tag}"


def _of_tables(page):
    for table in page.every("table"):
        caption = next(table.every("caption"), None)
        if caption is None or not caption.text():
            yield "a table has no caption"
        if any(head.attrs.get("scope") not in ("row", "col") for head in table.every("th")):
            yield "a header cell does not say of what"
        widths = {len([*row.every("th", "td")]) for row in table.every("tr")}
        if len(widths) != 1:
            yield f"rows have {widths} cells"


def _of_names(page):
    ids = [element.attrs["id"] for element in page.every() if "id" in element.attrs]
    if len(ids) != len(set(ids)):
        yield "an id is there twice"
    for element in page.every():
        for name in ("aria-labelledby", "aria-describedby"):
            if name in element.attrs and not set(element.attrs[name].split()) <= set(ids):
                yield f"<{element.tag}> is labelled by nothing"
        if element.tag == "svg":
            title = next(element.every("title"), None)
            if element.attrs.get("role") != "img" or title is None or not title.text():
                yield "a picture has no name"
        if element.tag in ("button", "a", "summary") and not element.text():
            yield f"a <{element.tag}> has no name"
        focused = element.attrs.get("tabindex") == "0" and element.tag == "div"
        if focused and not element.attrs.get("aria-label"):
            yield "a part that takes the focus has no name"
        if int(element.attrs.get("tabindex", 0)) > 0:
            yield "the order of focus is not that of the page"


def contrast(first, second):
    """Contrast ratio of two colours `#rrggbb` (WCAG 2.2, relative luminance)."""
    lights = sorted(map(_luminance, (first, second)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def colours(css):
    """Names of the colours that a style sheet declares → `#rrggbb`."""
    return dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", css))
