"""Why a job was served and the others were not: codes, and the words for them, here alone."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Rule(IntEnum):
    """What decided between the job that was served and the runner-up."""

    NOBODY = 0
    """The run had ended."""
    ONLY_CANDIDATE = 1
    """No other job could have had it."""
    LOWER_KEY = 2
    EARLIER_STAGE = 3
    """A higher tier, a guarantee not yet met, …: whatever the policy serves first."""
    TIE_BY_MEASURE = 4
    """Equal keys; what the policy compares next (Mesos: executors so far) was lower."""
    TIE_BY_NAME = 5
    TIE_BY_LIST = 6
    """Equal keys; it stands before the other in the list."""
    TIE_BY_RANK = 7
    """Equal keys; an order of the policy's own, such as who was submitted first."""


class WhyNot(IntEnum):
    """Why a job did not get an executor; those from AT_CEILING on were not even compared."""

    CHOSEN = 0
    HIGHER_KEY = 1
    TIE_LOST = 2
    LATER_STAGE = 3
    ENDED = 4
    """It could have had one, but the run had ended."""
    AT_CEILING = 5
    """It has its `max_executors`."""
    AT_LIMIT = 6
    """One more would pass its `limit`."""
    USER_CAP = 7
    """Its user is at its cap."""
    NO_CLAIM = 8
    """The policy's claims go no further."""
    PADDING = 9
    DOES_NOT_FIT = 10
    """Of a resource that it needs less is left than one executor takes."""
    DRAINED = 11
    """Of a resource that it needs nothing is left."""


_RULES = {
    Rule.NOBODY: "nobody served",
    Rule.ONLY_CANDIDATE: "only candidate",
    Rule.LOWER_KEY: "lower key",
    Rule.EARLIER_STAGE: "earlier stage",
    Rule.TIE_BY_MEASURE: "tie, by the policy's next measure",
    Rule.TIE_BY_NAME: "tie, by name",
    Rule.TIE_BY_LIST: "tie, by list order",
    Rule.TIE_BY_RANK: "tie, by {order}",
}
_WHY_NOT = {
    WhyNot.CHOSEN: "chosen",
    WhyNot.HIGHER_KEY: "higher key",
    WhyNot.TIE_LOST: "tie lost",
    WhyNot.LATER_STAGE: "later stage",
    WhyNot.ENDED: "run ended",
    WhyNot.AT_CEILING: "at its ceiling",
    WhyNot.AT_LIMIT: "at its limit",
    WhyNot.USER_CAP: "user at its cap",
    WhyNot.NO_CLAIM: "the policy gives it no more",
    WhyNot.PADDING: "no job",
    WhyNot.DOES_NOT_FIT: "too little {resource} left",
    WhyNot.DRAINED: "no {resource} left",
}


def rule_words(ties: str) -> list[str]:
    """Words for each `Rule`; `ties` is what a policy says of its ties, "" where it says nothing."""
    order = ties.partition(" (")[0]
    own = order if order not in ("", "name") else "the policy's own order"
    return [_RULES[rule].format(order=own) for rule in Rule]


def why_not_words(resources: Sequence[str]) -> list[str]:
    """Words for each index of `with_resource`."""
    plain = [_WHY_NOT[why] for why in WhyNot if why < WhyNot.DOES_NOT_FIT]
    lacks = (WhyNot.DOES_NOT_FIT, WhyNot.DRAINED)
    return plain + [_WHY_NOT[why].format(resource=name) for why in lacks for name in resources]


def with_resource(why_not: NDArray[Any], lacking: NDArray[Any], R: int) -> NDArray[np.int16]:
    """Codes `WhyNot` and the resources that lack, −1 for none, as one index into the words."""
    index: NDArray[np.int16] = np.maximum(lacking, 0).astype(np.int16) + why_not
    index[why_not == WhyNot.DRAINED] += R - 1
    return index
