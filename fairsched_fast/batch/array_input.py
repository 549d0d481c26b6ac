"""Reading arrays that callers give: their shapes, dtypes and ranges, and what to say when wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairsched_fast.batch.units import near_the_core
from fairsched_fast.errors import Problems
from fairsched_fast.number_rules import COUNT, QUANTITY, NumberRule

SHARED_AXES = "SJ"  # axes on which length 1 means "the same for all"


class ArrayReader:
    """Reads a Batch's arrays into planes (scenario axis last), collecting every problem."""

    def __init__(self) -> None:
        self.problems = Problems()
        self.size: dict[str, int] = {}
        self._lengths: dict[str, list[tuple[str, int]]] = {}

    def require(self, **given: ArrayLike | None) -> None:
        """Note every array that must be given and is None."""
        self.problems.extend(
            f"{name} is None; expected an array" for name, array in given.items() if array is None
        )

    def quantities(
        self,
        name: str,
        axes: str,
        given: ArrayLike | None,
        *,
        rule: NumberRule = QUANTITY,
        default: float = 0.0,
        blank: bool = False,
    ) -> NDArray[np.float64]:
        """Finite floats, 0 or more unless the rule says otherwise, as a plane.

        With `blank` NaN may stand where nothing is stated.
        """
        array = self._array(name, axes, default if given is None else given, optional=given is None)
        values = array if array.dtype.kind in "iu" else array.astype(np.float64, copy=False)
        if not _within(values, rule):
            wrong = ~((values >= rule.least) & (values <= rule.most))
            if blank:
                wrong &= ~np.isnan(values)
            least = ", 0 or more" if rule.least == 0 else ""
            self._report(name, axes, values, wrong, f"finite numbers{least}, up to {rule.most:g}")
        return _plane(values, np.float64)

    def counts(
        self,
        name: str,
        axes: str,
        given: ArrayLike | None,
        *,
        rule: NumberRule = COUNT,
        default: int = 0,
    ) -> NDArray[np.int32]:
        """Whole numbers within the rule, as an int32 plane."""
        array = self._array(name, axes, default if given is None else given, optional=given is None)
        if array.dtype.kind in "iu" and _within(array, rule):
            return _plane(array, np.int32)
        if array.dtype.kind == "f":  # comparing would round our bounds to the values' own precision
            array = array.astype(np.float64, copy=False)
        wrong = ~((array >= rule.least) & (array <= rule.most))
        if array.dtype.kind == "f":
            wrong |= array != np.rint(array)
        self._report(
            name, axes, array, wrong, rule.expected.replace("a whole number", "whole numbers")
        )
        return _plane(np.where(wrong, 0, array), np.int32)

    def check_names(self, name: str, given: Sequence[str] | None, axis: str) -> None:
        """As many distinct, non-empty names as the axis is long."""
        if given is None:
            return
        if len(given) != self.size[axis]:
            self.problems.append(
                f"{name} has {len(given)} names; expected {axis} = {self.size[axis]}"
            )
        if len(set(given)) != len(given) or not all(isinstance(n, str) and n for n in given):
            self.problems.append(f"{name} is {list(given)}; expected distinct, non-empty names")

    def check_order(
        self, lower: tuple[str, NDArray[Any]], upper: tuple[str, NDArray[Any]], remedy: str
    ) -> None:
        """Nothing of a plane, (J', S') or (J', R, S'), is above what another has there."""
        (name, low), (of, high) = lower, upper
        above = low > high  # False where either says nothing (NaN)
        if above.any():
            index = np.unravel_index(int(above.argmax()), above.shape)
            place = ", ".join(
                f"{axis} = {i}"
                for axis, i in zip(("S", "J", "R"), (index[-1], *index[:-1]), strict=False)
            )
            lows, highs = np.broadcast_arrays(low, high)
            self.problems.append(
                f"{name} at {place} is {lows[index]:g}, above the {of} of {highs[index]:g} there; "
                f"{remedy}"
            )

    def check_users(self, user: NDArray[np.int32], caps: NDArray[np.int32] | None) -> None:
        """Every user index has its cap."""
        if caps is None:
            return
        if user.max() >= len(caps):
            self.problems.append(
                f"user holds the index {user.max()}; expected −1 (nobody) or an index below "
                f"U = {len(caps)}, the users of user_cap"
            )

    def settle_axes(self) -> None:
        """Find each axis's size from all arrays, then raise whatever was collected."""
        for axis, lengths in self._lengths.items():
            sizes = {length for _, length in lengths if not (axis in SHARED_AXES and length == 1)}
            if len(sizes) > 1:
                seen = ", ".join(f"{name} has {length}" for name, length in lengths)
                rule = "one length (or 1)" if axis in SHARED_AXES else "one length"
                self.problems.append(f"axis {axis} differs: {seen}; expected {rule} everywhere")
            if 0 in sizes:
                self.problems.append(f"axis {axis} is empty; expected at least one")
            self.size[axis] = max(sizes, default=1)
        self.problems.raise_if_any("batch")

    def _array(self, name: str, axes: str, given: Any, *, optional: bool) -> NDArray[Any]:
        shape = f"({', '.join(axes)})" if len(axes) > 1 else f"({axes},)"
        try:
            array = np.asarray(given)
        except ValueError:
            array = np.empty(0, object)
        if array.dtype.kind not in "iuf":
            self.problems.append(
                f"{name} has dtype {array.dtype}; expected an array {shape} of integers or floats"
            )
            return np.ones((1,) * len(axes))
        if array.ndim == 0 and (optional or len(axes) < 3):
            array = array.reshape((1,) * len(axes))
        elif array.ndim == len(axes) - 1:
            array = array[np.newaxis]
        if array.ndim != len(axes):
            self.problems.append(
                f"{name} has shape {array.shape}; expected {shape}, the S axis of length 1 or left "
                "out where all scenarios share it"
            )
            return np.ones((1,) * len(axes))
        if not optional:
            for axis, length in zip(axes, array.shape, strict=True):
                self._lengths.setdefault(axis, []).append((name, length))
        return array

    def _report(
        self, name: str, axes: str, values: NDArray[Any], wrong: NDArray[np.bool_], expected: str
    ) -> None:
        if not wrong.any():
            return
        index = np.unravel_index(int(wrong.argmax()), wrong.shape)
        where = ", ".join(f"{axis} = {i}" for axis, i in zip(axes, index, strict=True))
        more = int(wrong.sum()) - 1
        others = f" (and {more:,} more)" if more else ""
        self.problems.append(f"{name} at {where} is {values[index]}{others}; expected {expected}")


def _within(array: NDArray[Any], rule: NumberRule) -> bool:
    """Whether all is between the rule's bounds; not where something is NaN."""
    return array.size == 0 or bool(array.min() >= rule.least and array.max() <= rule.most)


def _plane(array: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """(S, …) → (…, S), contiguous; a copy, so that nobody changes it from outside."""
    turned = np.moveaxis(array, 0, -1)
    plane = np.empty(turned.shape, dtype)
    for part in near_the_core(len(array)):
        plane[..., part] = turned[..., part]
    plane.flags.writeable = False
    return plane
