"""How charts look: one style, names shown literally, marks that differ by more than colour."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ft2font import LoadFlags

_WIDE_FONTS = (  # looked for where a name has letters that the bundled font lacks
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Hiragino Sans",
    "PingFang SC",
    "Microsoft YaHei",
    "Yu Gothic",
    "WenQuanYi Zen Hei",
    "Noto Emoji",
)
_BUNDLED_FONT = "DejaVu Sans"
_NO_GLYPH = "□"
_COMMON_WIDTH = 0.62  # em, of a letter

COLOURS: Sequence[Any] = mpl.color_sequences["petroff10"]
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p", "h")
# Of lines alone: circles and stars weigh hundreds of kilobytes in an SVG.
HATCHES = ("", "//", "xx", "--", "\\\\", "++", "||", "/////", "xxxx", "-----", "|||||", "++++")
DASHES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (8, 2, 2, 2)))
INK = "0.15"
QUIET = "0.4"
FAINT = "0.55"

STYLE: dict[str, Any] = {
    "font.size": 12,
    "axes.titlesize": 14,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.xmargin": 0,
    "axes.unicode_minus": True,
    "axes.formatter.useoffset": False,
    "grid.color": "0.9",
    "text.color": INK,
    "text.usetex": False,
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "savefig.facecolor": "white",
    "savefig.bbox": None,
    "svg.hashsalt": "fairsched_fast",  # element ids that do not change from run to run
    "svg.fonttype": "none",  # text stays text
    "font.sans-serif": [_BUNDLED_FONT],
}

Given = ParamSpec("Given")
Drawn = TypeVar("Drawn")


def styled(draw: Callable[Given, Drawn]) -> Callable[Given, Drawn]:
    """Run a drawing function in the charts' style, leaving matplotlib's settings as they were."""

    @functools.wraps(draw)
    def inside(*args: Given.args, **kwargs: Given.kwargs) -> Drawn:
        settings: Any = STYLE | {"font.family": [*_fonts(), "sans-serif"]}
        with mpl.rc_context(settings):
            return draw(*args, **kwargs)

    return inside


def new_axes(width: float, height: float) -> Axes:
    """The axes of a figure of its own, in inches. No window, no global state."""
    axes: Axes = Figure(figsize=(width, height), layout="constrained").subplots()
    return axes


def literal(text: object) -> str:
    """Text on one line, of characters that the fonts can draw."""
    drawn = (
        char if ord(char) in _glyphs() and char.isprintable() else _NO_GLYPH
        for char in " ".join(str(text).split())
    )
    return "".join(drawn)


def short(name: object, longest: int = 24) -> str:
    """A name as a label, no wider than `longest` common letters.

    A long one loses its middle: names often differ at their ends.
    """
    text = literal(name)
    for letters in range(longest, 2, -1):
        tail = letters // 3
        cut = f"{text[: letters - tail - 1]}…{text[-tail:]}" if len(text) > letters else text
        if sum(map(_width, cut)) <= _COMMON_WIDTH * longest:
            break
    return cut


def percents(shares: Iterable[float]) -> list[str]:
    """0.315 as `31.5%`: all with the decimals that the one with most of them needs, at most two."""
    texts = [f"{100 * share:.2f}" for share in shares]
    spare = min((len(text) - len(text.rstrip("0")) for text in texts), default=0)
    return [text[: len(text) - min(spare, 2)].rstrip(".") + "%" for text in texts]


def look(index: int) -> dict[str, Any]:
    """Colour, dashes and marker of the index-th line: the first 12 markers all differ."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        "linestyle": DASHES[index % len(DASHES)],
        "marker": MARKERS[index % len(MARKERS)],
    }


def hatched(index: int) -> dict[str, Any]:
    """Hatching of the index-th area, in white: the first 12 all differ."""
    return {"hatch": HATCHES[index % len(HATCHES)], "edgecolor": "white", "linewidth": 0.4}


def looks(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Each name's look: that of its place in name order, so that charts of the same jobs agree."""
    return {name: look(i) for i, name in enumerate(sorted(names))}


@functools.cache
def _fonts() -> tuple[str, ...]:
    installed = set(font_manager.fontManager.get_font_names())
    return (_BUNDLED_FONT, *(name for name in _WIDE_FONTS if name in installed))


@functools.cache
def _width(char: str) -> float:
    """In em; that of a letter from another font is about one."""
    font = font_manager.get_font(font_manager.findfont(_BUNDLED_FONT))
    if ord(char) not in font.get_charmap():
        return 1.0
    return font.load_char(ord(char), LoadFlags.NO_SCALE).horiAdvance / font.units_per_EM


@functools.cache
def _glyphs() -> frozenset[int]:
    fonts = (font_manager.get_font(font_manager.findfont(name)) for name in _fonts())
    return frozenset(code for font in fonts for code in font.get_charmap())
