"""Filters: `where = "pool.Batch.capacity.cpu >= 100 and job.A.weight != 2"`.

Comparisons of settings and numbers (with + − * /), joined by and, or, not. Parsed, never evaluated
as Python: only the handful of nodes below are understood.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PATH = re.compile(r"""(?<![\w.])(?:[A-Za-z_][\w-]*)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|\*|[\w-]+))*""")
_WORDS = {"and", "or", "not"}
_COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: np.true_divide,
}
_EXPECTED = 'expected comparisons such as "pool.Batch.capacity.cpu >= 100", joined by and, or, not'


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter over named columns."""

    text: str
    paths: tuple[str, ...]
    tree: ast.expr

    def keep(self, columns: Mapping[str, Any], n: int) -> NDArray[np.bool_]:
        """Which of n rows it keeps; `columns` has a number or a column (n,) for each path."""
        with np.errstate(all="ignore"):
            # As floats: whole numbers of 64 bits would wrap around in a product.
            kept = _truth(self.tree, [np.asarray(columns[path], np.float64) for path in self.paths])
        return np.broadcast_to(np.asarray(kept, np.bool_), n)


def parse_filter(text: str) -> Filter:
    """Parse a filter.

    Raises
    ------
    ValueError
        When it is anything but comparisons of settings and numbers.
    """
    paths: list[str] = []

    def name(match: re.Match[str]) -> str:
        if match[0] in _WORDS:
            return match[0]
        if match[0] not in paths:
            paths.append(match[0])
        return f"_{paths.index(match[0])}"

    try:
        tree = ast.parse(_PATH.sub(name, text).strip(), mode="eval").body
        _check_truth(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"{text!r} is no comparison; {_EXPECTED}") from None
    if not paths:
        raise ValueError(f"{text!r} names no setting; {_EXPECTED}")
    return Filter(text, tuple(paths), tree)


def _check_truth(node: ast.expr) -> None:
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            _check_truth(value)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        _check_truth(node.operand)
    elif isinstance(node, ast.Compare) and all(type(op) in _COMPARE for op in node.ops):
        for side in (node.left, *node.comparators):
            _check_number(side)
    else:
        raise ValueError


def _check_number(node: ast.expr) -> None:
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        _check_number(node.left)
        _check_number(node.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        _check_number(node.operand)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise ValueError
        if not abs(node.value) < 1e300:
            raise ValueError
    elif not (isinstance(node, ast.Name) and re.fullmatch(r"_\d+", node.id)):
        raise ValueError


def _truth(node: ast.expr, columns: list[Any]) -> Any:
    if isinstance(node, ast.BoolOp):
        join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        parts = [_truth(value, columns) for value in node.values]
        return join.reduce(np.broadcast_arrays(*parts))
    if isinstance(node, ast.UnaryOp):
        return np.logical_not(_truth(node.operand, columns))
    assert isinstance(node, ast.Compare)
    sides = [_number(side, columns) for side in (node.left, *node.comparators)]
    pairs = zip(node.ops, sides, sides[1:], strict=False)
    return np.logical_and.reduce(
        np.broadcast_arrays(*[_COMPARE[type(op)](left, right) for op, left, right in pairs])
    )


def _number(node: ast.expr, columns: list[Any]) -> Any:
    if isinstance(node, ast.BinOp):
        return _ARITHMETIC[type(node.op)](_number(node.left, columns), _number(node.right, columns))
    if isinstance(node, ast.UnaryOp):
        return -_number(node.operand, columns)
    if isinstance(node, ast.Constant):
        assert isinstance(node.value, int | float)
        return float(node.value)
    assert isinstance(node, ast.Name)
    return columns[int(node.id[1:])]
