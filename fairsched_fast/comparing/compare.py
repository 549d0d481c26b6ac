"""Policies side by side: of every scenario the difference, then what the differences come to.

Scenarios differ far more from each other than policies do on one of them: differences are taken
scenario by scenario (paired), so that only what the policies make of it is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch import Batch
from fairsched_fast.columns import resource_columns
from fairsched_fast.engine import OnFull, allocate
from fairsched_fast.errors import InputError, did_you_mean
from fairsched_fast.measures import HIGHER, LOWER, Figures, Measure, all_figures, all_measures
from fairsched_fast.model import Scenario
from fairsched_fast.moments import Moments, moments_of
from fairsched_fast.policies.base import Policy, PolicyLike
from fairsched_fast.policies.registry import find_policy

if TYPE_CHECKING:
    import pandas as pd

SAME = 1e-12
"""Figures no further apart are equal: sums of the same shares in another order differ by less."""

_WAYS = {HIGHER: "higher", LOWER: "lower"}


@dataclass(frozen=True, slots=True)
class Pairs:
    """Figures of one policy and of the baseline on the same scenarios, M measures.

    `baseline`, `policy` and `apart` (policy − baseline) are moments (1, M) over the scenarios in
    which both have the measure; `higher` and `lower` (M,) count those in which the policy's is.
    """

    scenarios: int
    baseline: Moments
    policy: Moments
    apart: Moments
    higher: NDArray[np.int64]
    lower: NDArray[np.int64]

    def __add__(self, other: Pairs) -> Pairs:
        return Pairs(
            self.scenarios + other.scenarios,
            self.baseline + other.baseline,
            self.policy + other.policy,
            self.apart + other.apart,
            self.higher + other.higher,
            self.lower + other.lower,
        )


def pairs_of(baseline: Figures, policy: Figures) -> Pairs:
    """Pairs of the figures (S,) of two policies, measure by measure."""
    first, second = list(baseline.values()), list(policy.values())
    apart = [b - a for a, b in zip(first, second, strict=True)]  # NaN where either is
    n = len(apart[0])
    everyone = np.zeros(n, np.int64)

    def over_pairs(columns: Sequence[NDArray[np.float64]]) -> Moments:
        kept = [np.where(np.isnan(d), np.nan, x) for x, d in zip(columns, apart, strict=True)]
        return moments_of(kept, everyone, 1)

    return Pairs(
        n,
        over_pairs(first),
        over_pairs(second),
        over_pairs(apart),
        np.array([int((d > SAME).sum()) for d in apart]),
        np.array([int((d < -SAME).sum()) for d in apart]),
    )


def compare(
    scenarios: Scenario | Iterable[Scenario] | Batch,
    policies: Sequence[PolicyLike],
    *,
    baseline: PolicyLike | None = None,
    on_full: OnFull | str = "skip",
    workers: int | None = None,
) -> pd.DataFrame:
    """Paired differences: what each policy makes of the same scenarios as the baseline has.

    Parameters
    ----------
    scenarios, on_full, workers
        As for `allocate`.
    policies
        Two or more, as `allocate` takes one.
    baseline
        The one of them that the others are compared with; None is the first.

    Returns
    -------
    DataFrame
        A row for each policy but the baseline, pool (where there are several) and measure:

        - `policy`, `pool`, `measure`, and `better_if`: "higher", "lower", or missing where neither
          is better;
        - `baseline_mean`, `policy_mean`, and `difference`: mean of policy − baseline;
        - `std`, `least`, `most`: of the differences over the scenarios (std of a sample);
        - `better`, `worse` (missing where neither is), `different`, `equal` (within 1e-12): in how
          many scenarios;
        - `pairs` and `missing`: scenarios in which both have the measure, and the others, which
          count for nothing else. Without pairs all figures are missing.

    Raises
    ------
    InputError
        As `allocate`; on fewer than two policies, the same twice, or a baseline that is none of
        them.
    """
    found = policies_to_compare(policies)
    first = found[0] if baseline is None else _named(baseline, found)
    batch = scenarios if isinstance(scenarios, Batch) else Batch.from_scenarios(scenarios)
    columns = resource_columns(batch.labels.resources)

    def figures(policy: Policy) -> Figures:
        result = allocate(batch, policy, on_full=on_full, workers=workers)
        return all_figures(result, columns)

    pools = np.broadcast_to(batch.labels.pool, batch.S)
    theirs = figures(first)
    rows: list[dict[str, Any]] = []
    for policy in found:
        if policy is not first:
            mine = figures(policy)
            for pool in dict.fromkeys(pools.tolist()):
                pairs = pairs_of(*(_where(given, pools == pool) for given in (theirs, mine)))
                head = {"policy": policy.name, "pool": pool}
                rows += [head | row for row in comparison_rows(all_measures(columns), pairs)]
    return comparison_table(rows)


def comparison_rows(measures: Sequence[Measure], pairs: Pairs) -> Iterator[dict[str, Any]]:
    """A row of `compare`'s table for each measure."""
    for m, measure in enumerate(measures):
        count, higher, lower = (
            int(x[m]) for x in (pairs.apart.count[0], pairs.higher, pairs.lower)
        )
        better, worse = (higher, lower) if measure.better == HIGHER else (lower, higher)
        judged = measure.better in _WAYS and count
        figures = {
            "baseline_mean": pairs.baseline.mean,
            "policy_mean": pairs.policy.mean,
            "difference": pairs.apart.mean,
            "std": pairs.apart.std,
            "least": pairs.apart.least,
            "most": pairs.apart.most,
        }
        yield {
            "measure": measure.name,
            "better_if": _WAYS.get(measure.better),
            **{name: float(x[0, m]) if count else np.nan for name, x in figures.items()},
            "better": better if judged else None,
            "worse": worse if judged else None,
            "different": higher + lower if count else None,
            "equal": count - higher - lower if count else None,
            "pairs": count,
            "missing": pairs.scenarios - count,
        }


def comparison_table(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """`comparison_rows`, each below its policy and pool, as a table."""
    import pandas as pd

    frame = pd.DataFrame(rows)
    counts = ["better", "worse", "different", "equal"]
    frame[counts] = frame[counts].astype("Int64")
    return frame if frame["pool"].nunique() > 1 else frame.drop(columns="pool")


def policies_to_compare(given: Sequence[PolicyLike]) -> list[Policy]:
    """Two policies or more, each once.

    Raises
    ------
    InputError
        On an unknown policy, fewer than two, or two of the same name.
    """
    if isinstance(given, str | Policy) or not isinstance(given, Iterable):
        raise InputError(f"policies is {given!r}; expected a list of two policies or more")
    found = [find_policy(policy) for policy in given]
    names = [policy.name for policy in found]
    if len(found) < 2:
        raise InputError(f"policies is {names}; expected two or more, to compare")
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"policies has {name!r} {names.count(name)} times; expected each once, or a label "
                f"that tells them apart, as in '{name}(label=\"ours\")'"
            )
    return found


def _named(given: PolicyLike, found: Sequence[Policy]) -> Policy:
    known = {policy.name: policy for policy in found}
    name = given if isinstance(given, str) and given in known else find_policy(given).name
    if name not in known:
        raise InputError(
            f"baseline is {name!r}{did_you_mean(name, known)}; it is one of the policies"
        )
    return known[str(name)]


def _where(figures: Figures, rows: NDArray[np.bool_]) -> Figures:
    return {name: values[rows] for name, values in figures.items()}
