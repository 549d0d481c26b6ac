"""Filters: `where = "pool.Batch.capacity.cpu >= 100 and job.A.weight != 2"`.

Comparisons of settings and numbers (with + − * /), joined by and, or, not. Parsed, never evaluated
as Python: only the handful of nodes below are understood. A sweep's filter is worked out in NumPy,
one on its results in pyarrow's expressions, whose functions have the same names.
"""

from __future__ import annotations

import ast
import functools
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TOKEN = re.compile(
    r"""(?P<word>"[^"]*"|'[^']*')"""
    r"""|(?<![\w.])(?:[A-Za-z_][\w-]*)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|\*|[\w-]+))*"""
)
_JOINS = {"and", "or", "not"}
_COMPARE: dict[type, str] = {
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}
_ARITHMETIC: dict[type, str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
}
_EXPECTED = 'expected comparisons such as "pool.Batch.capacity.cpu >= 100", joined by and, or, not'


@dataclass(frozen=True, slots=True)
class Algebra:
    """What a filter is worked out in."""

    functions: Any  # a module with less, add, invert …: numpy, pyarrow.compute
    constant: Callable[[Any], Any]  # what a number or word becomes
    real: Callable[[Any], Any]  # an operand of arithmetic as float64


_NUMPY = Algebra(np, np.float64, np.float64)


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter over named columns."""

    text: str
    paths: tuple[str, ...]
    tree: ast.expr

    def keep(self, columns: Mapping[str, Any], n: int) -> NDArray[np.bool_]:
        """Which of n rows it keeps; `columns` has a number or a column (n,) for each path."""
        # As floats: whole numbers of 64 bits would wrap around in a product.
        operands = [np.asarray(columns[path], np.float64) for path in self.paths]
        with np.errstate(all="ignore"):
            return np.broadcast_to(self.over(operands, _NUMPY), n)

    def over(self, operands: Sequence[Any], algebra: Algebra) -> Any:
        """The filter over an operand for each of `paths`, worked out in `algebra`."""
        return _truth(self.tree, operands, algebra)


def parse_filter(text: str, *, words: bool = False) -> Filter:
    """Parse a filter; with `words`, quoted words can be compared too: `policy == 'drf'`.

    Raises
    ------
    ValueError
        When it is anything but comparisons of settings and numbers.
    """
    paths: list[str] = []

    def name(match: re.Match[str]) -> str:
        if match["word"]:
            return repr(match[0][1:-1])
        if match[0] in _JOINS:
            return match[0]
        if match[0] not in paths:
            paths.append(match[0])
        return f"_{paths.index(match[0])}"

    try:
        tree = ast.parse(_TOKEN.sub(name, text).strip(), mode="eval").body
        _check_truth(tree, words)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"{text!r} is no comparison; {_EXPECTED}") from None
    if not paths:
        raise ValueError(f"{text!r} names no setting; {_EXPECTED}")
    return Filter(text, tuple(paths), tree)


def _check_truth(node: ast.expr, words: bool) -> None:
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            _check_truth(value, words)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        _check_truth(node.operand, words)
    elif isinstance(node, ast.Compare) and all(type(op) in _COMPARE for op in node.ops):
        for side in (node.left, *node.comparators):
            if not (words and isinstance(side, ast.Constant) and isinstance(side.value, str)):
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


def _truth(node: ast.expr, operands: Sequence[Any], algebra: Algebra) -> Any:
    if isinstance(node, ast.BoolOp):
        join = operator.and_ if isinstance(node.op, ast.And) else operator.or_
        return functools.reduce(join, [_truth(value, operands, algebra) for value in node.values])
    if isinstance(node, ast.UnaryOp):
        return algebra.functions.invert(_truth(node.operand, operands, algebra))
    assert isinstance(node, ast.Compare)
    sides = [_value(side, operands, algebra) for side in (node.left, *node.comparators)]
    return functools.reduce(
        operator.and_,
        [
            getattr(algebra.functions, _COMPARE[type(op)])(left, right)
            for op, left, right in zip(node.ops, sides, sides[1:], strict=False)
        ],
    )


def _value(node: ast.expr, operands: Sequence[Any], algebra: Algebra) -> Any:
    if isinstance(node, ast.BinOp):
        sides = [algebra.real(_value(side, operands, algebra)) for side in (node.left, node.right)]
        return getattr(algebra.functions, _ARITHMETIC[type(node.op)])(*sides)
    if isinstance(node, ast.UnaryOp):
        operand = algebra.real(_value(node.operand, operands, algebra))
        return algebra.functions.multiply(algebra.constant(-1.0), operand)
    if isinstance(node, ast.Constant):
        return algebra.constant(node.value)
    assert isinstance(node, ast.Name)
    return operands[int(node.id[1:])]
