"""Names that anyone may have written: cut where they are long, and kept from turning a line."""

from __future__ import annotations

import unicodedata

from markupsafe import Markup

_LONGEST = 40
_TURNING = {"R", "AL", "AN"}
_FORMATTING = {"RLE", "RLO", "RLI", "LRE", "LRO", "PDF", "PDI", "FSI", "LRI"}
_MARKS = "\u200e\u200f\u061c"
_HIDDEN = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of pairs, ends of lines


def visible(text: str) -> str:
    """What has no shape of its own, or turns the letters after it, is written as its escape."""
    return "".join(f"\\u{ord(char):04x}" if _is_hidden(char) else char for char in text)


def _is_hidden(char: str) -> bool:
    kind = unicodedata.category(char)
    return kind in _HIDDEN or unicodedata.bidirectional(char) in _FORMATTING or char in _MARKS


def cut(name: str, longest: int = _LONGEST) -> str:
    """A long name without its middle: names often differ at their ends."""
    text = visible(name)
    tail = longest // 3
    return text if len(text) <= longest else f"{text[: longest - tail - 1]}…{text[-tail:]}"


def plain(name: str) -> str:
    """A name within a sentence: cut, and isolated where its letters run from right to left."""
    short = cut(name)
    turns = any(unicodedata.bidirectional(char) in _TURNING for char in short)
    return f"\u2068{short}\u2069" if turns else short


def named(text: object, longest: int = _LONGEST) -> Markup:
    """A name on the page: by itself to bidirectional text, whole in its title where it is cut."""
    whole = visible(str(text))
    short = cut(whole, longest)
    if short == whole:
        return Markup("<bdi>{}</bdi>").format(whole)
    return Markup('<bdi title="{}">{}</bdi>').format(whole, short)
