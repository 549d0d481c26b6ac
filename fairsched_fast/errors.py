"""What the library says when its input is wrong: every problem at once, each with its remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SHOWN = 30  # names listed where none is close


class InputError(ValueError):
    """The input is wrong. The message says what was given, what was expected and what to do.

    Attributes
    ----------
    problems
        Each problem by itself, without the subject that the message begins with.
    """

    def __init__(self, message: str, problems: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems) or (message,)


class Problems(list[str]):
    """Collects what is wrong with one input, so that the caller hears of everything at once."""

    def raise_if_any(self, subject: str) -> None:
        """Raise `InputError` naming `subject` when anything was collected."""
        if not self:
            return
        if len(self) == 1:
            raise InputError(f"{subject}: {self[0]}", self)
        listed = "".join(f"\n  - {problem}" for problem in self)
        raise InputError(f"{subject}: {len(self)} problems{listed}", self)


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """`; did you mean 'drf'?` where a known name is close, else the list of what is known."""
    names = sorted(known)
    folded = {known.casefold(): known for known in reversed(names)}
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    close = close or difflib.get_close_matches(str(name).casefold(), folded, n=1, cutoff=0.6)
    if close and isinstance(name, str):
        return f"; did you mean {folded.get(close[0], close[0])!r}?"
    shown = ", ".join(map(repr, names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")
    return f"; expected one of {shown}" if names else "; there are none"


def plural(count: int, noun: str) -> str:
    """`1 job`, `1,000 jobs`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
