"""How a policy is found: by name, with parameters, in a file. `@policy` makes one."""

from __future__ import annotations

import inspect
import re
import runpy
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from fairsched_fast.errors import InputError, did_you_mean
from fairsched_fast.policies.base import Declaration, Lowering, Policy, PolicyLike

Registered = TypeVar("Registered", bound=Policy)

_REGISTRY: dict[str, Policy] = {}
SHIPPED = ("fairsched_fast.policies.built_in", "fairsched_fast.dialects")
_WITH_PARAMETERS = re.compile(r"\s*([^()]+?)\s*\((.*)\)\s*", re.DOTALL)


def policy(
    name: str,
    *,
    measure: str = "key",
    reason: str | None = None,
    weighted: bool = False,
    formula: str = "",
    source: str = "",
    about: Declaration | None = None,
) -> Callable[[Lowering], Policy]:
    """Make a lowering a policy, usable by name in `allocate`, sweeps and on the command line.

    >>> @policy("fewest_held", measure="executors held")
    ... def fewest_held(batch):
    ...     held = batch.executors[:, None]
    ...     return Claims(offset=held, slope=np.ones((1, 1, 1)), per=np.ones((1, 1, 1)))

    Raises
    ------
    InputError
        When the name is empty or a built-in policy's.
    """
    if callable(name):
        raise InputError('@policy needs a name; write @policy("mine") above the function')

    def make(lower: Lowering) -> Policy:
        built_in = (lower.__module__ or "").startswith(SHIPPED)
        made = Policy(
            name, lower, measure, reason, weighted, formula, source, built_in, about=about
        )
        return register(made)

    return make


def register(made: Registered) -> Registered:
    """Let a policy be found by its name.

    Raises
    ------
    InputError
        When the name is empty, has parentheses, or is a built-in policy's.
    """
    name = made.name
    if not isinstance(name, str) or not name.strip() or set(name) & set("()"):
        raise InputError(f"policy name is {name!r}; expected a non-empty name, no parentheses")
    if not made.built_in and name in known_policies() and _REGISTRY[name].built_in:
        raise InputError(f"policy {name!r} is built in; give yours another name")
    for parameter, default in made.parameters.items():
        if default is inspect.Parameter.empty:
            raise InputError(
                f"policy {name!r}: its parameter {parameter} has no default; expected one, which "
                "also says of what kind its values are"
            )
    _REGISTRY[name] = made
    return made


def known_policies() -> dict[str, Policy]:
    """All policies known by name, the shipped ones first."""
    _load_shipped()
    return dict(_REGISTRY)


@cache
def _load_shipped() -> None:
    for module in SHIPPED:
        import_module(module)


def load_policy_file(path: Path) -> None:
    """Run a Python file that defines policies with `@policy` or `@key_policy`.

    Raises
    ------
    InputError
        When it cannot be read or run.
    """
    try:
        runpy.run_path(str(path))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (Exception, SystemExit) as error:  # whatever the user's file raises
        raise InputError(f"{path}: {type(error).__name__}: {error}") from error


def find_policy(given: PolicyLike, **parameters: Any) -> Policy:
    """A policy by name, with other values of its parameters where any are given.

    >>> find_policy("drf", exclude=["gpu"]).name
    'drf(exclude=["gpu"])'

    Parameters
    ----------
    given
        A name; a name with parameters, as results label them, `drf(exclude=["gpu"])`; a table as in
        a sweep file, `{"policy": "drf", "exclude": ["gpu"], "label": "drf without gpus"}`; or a
        `Policy`.

    Raises
    ------
    InputError
        On an unknown name or parameter.
    """
    if isinstance(given, Policy):
        found = given
    elif isinstance(given, Mapping):
        if "policy" not in given:
            raise InputError(f"policy is {dict(given)!r}; expected a table with the key policy")
        found, parameters = find_policy(given["policy"]), {**given, **parameters}
        del parameters["policy"]
    else:
        found, parameters = _find_label(given, parameters)
    return found.configured(**parameters) if parameters else found


def _find_label(given: object, parameters: dict[str, Any]) -> tuple[Policy, dict[str, Any]]:
    _load_shipped()
    if isinstance(given, str) and given in _REGISTRY:
        return _REGISTRY[given], parameters
    known = known_policies()
    match = _WITH_PARAMETERS.fullmatch(given) if isinstance(given, str) else None
    if match is None or match[1] not in known:
        meant = did_you_mean(match[1] if match else given, known)
        stop = "" if meant.endswith("?") else "."
        raise InputError(
            f"unknown policy {given!r}{meant}{stop} One of your own has to be defined first: run "
            "its file (--policy-file)"
        )
    try:
        stated = tomllib.loads(f"stated = {{{match[2]}}}")["stated"]
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f'policy {given!r}: {error}; expected name(parameter=value), as in drf(exclude=["gpu"])'
        ) from error
    return known[match[1]], {**stated, **parameters}
