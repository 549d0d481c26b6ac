"""Names that anyone may have written: cut where they are long, and kept from turning a line."""

from __future__ import annotations

import unicodedata

from markupsafe import Markup

from fairsched_fast.plain_text import LONGEST, cut, visible

_TURNING = {"R", "AL", "AN"}


def plain(name: str) -> str:
    """A name within a sentence: cut, and isolated where its letters run from right to left."""
    short = cut(visible(name))
    turns = any(unicodedata.bidirectional(char) in _TURNING for char in short)
    return f"\u2068{short}\u2069" if turns else short


def named(text: object, longest: int = LONGEST) -> Markup:
    """A name on the page: by itself to bidirectional text, whole in its title where it is cut."""
    whole = visible(str(text))
    short = cut(whole, longest)
    if short == whole:
        return Markup("<bdi>{}</bdi>").format(whole)
    return Markup('<bdi title="{}">{}</bdi>').format(whole, short)
