"""What an advantage comes to in words, and where it is least and most."""

from __future__ import annotations

import numpy as np

from fairsched_fast.report.digits import apart, index
from fairsched_fast.report.facts import Facts
from fairsched_fast.report.streaming import Floats


def effect(facts: Facts, value: float) -> str:
    """An advantage, or of a policy alone the measure itself."""
    alone, by_index = len(facts.policies) == 1, facts.lead.name == "jain"
    if alone:
        return index(value) if by_index else apart(value)
    if by_index:
        return f"{value:+.3f} of Jain's index"
    return f"{apart(abs(value))} {'closer' if value >= 0 else 'wider'}"


def ends(facts: Facts, by_level: Floats) -> tuple[int, int]:
    """Where an effect (V,) is least, and where it is most: the first of those shown as equal."""
    shown = (by_level / (2 * facts.noticed)).round()
    return int(np.nanargmin(shown)), int(np.nanargmax(shown))


def matters(facts: Facts, by_level: Floats) -> bool:
    """Whether an effect (V,) differs by as much as is shown."""
    return float(np.nanmax(by_level) - np.nanmin(by_level)) >= facts.noticed
