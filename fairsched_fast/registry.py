"""What a policy is, and how one is found by name: `Policy`, `@policy`, labels with parameters."""

from __future__ import annotations

import inspect
import json
import re
import runpy
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from numbers import Real
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np

from fairsched_fast.batch import Batch
from fairsched_fast.claims import Claims
from fairsched_fast.errors import InputError, did_you_mean

Lowering = Callable[..., Any]  # Batch, **parameters → Claims, or a list of them
Registered = TypeVar("Registered", bound="Policy")


@dataclass(frozen=True)
class Declaration:
    """What a dialect models of its scheduler, in words, and its numbers where they are not the key.

    Parameters
    ----------
    scheduler, source
        Its name, and the files it was read from.
    key, weight, ties, stages, unfit, zero
        What is compared, before or after the grant; what a weight does, weight 0 included; what
        breaks ties; what goes before what; what happens when the first does not fit; what becomes
        of zero denominators.
    not_modelled
        What the scheduler does besides.
    share
        (batch, **parameters) → one value per job (J, S), or one for each name, where what the
        scheduler shows is not the key it compares.
    fair_share
        (batch, **parameters) → what each job is entitled to, (J, S) for each name.
    """

    scheduler: str
    source: str
    key: str
    weight: str
    ties: str
    stages: str
    unfit: str
    zero: str
    not_modelled: str
    share: Callable[..., Any] | None = None
    fair_share: Callable[..., Any] | None = None


@dataclass(frozen=True)
class Policy:
    """A named lowering and the words that explain its choices.

    Parameters
    ----------
    name
        What it is called in `allocate`, sweeps and results.
    lower
        Batch → Claims, or several where a job's claims come in segments. It sees any part of a
        batch, so it must treat each scenario by itself. Its keyword-only arguments are the policy's
        parameters.
    measure
        What its key measures, in words: the step log says "lowest <measure> wins".
    reason
        A fixed sentence for the step log instead, where the key says nothing.
    weighted
        Whether the key is divided by the job's weight; the log then says so. Jobs of weight 0 are
        served after all others, as if their weight were 1: the lowering need not heed them.
    formula, source
        For `fairsched policies`.
    given
        Values of its parameters that are not the defaults.
    about
        Of a scheduler's dialect: what is modelled, and what it was read from.
    """

    name: str
    lower: Lowering
    measure: str = "key"
    reason: str | None = None
    weighted: bool = False
    formula: str = ""
    source: str = ""
    built_in: bool = False
    given: Mapping[str, Any] = field(default_factory=dict, hash=False)
    about: Declaration | None = None

    def __call__(self, batch: Batch) -> tuple[Claims, ...]:
        """The claims of a batch, segment by segment; those of a user's policy are checked.

        Raises
        ------
        InputError
            When a user's policy returns anything but sound claims.
        """
        nothing = batch.true_weight == 0
        if not self.weighted or not nothing.any():
            return self._scaled(batch)
        segments = self._scaled(batch.with_weights(np.where(nothing, 1.0, batch.true_weight)))
        # Entitled to nothing: served once nobody else is.
        heavy, light = np.where(nothing, 0.0, np.inf), np.where(nothing, np.inf, 0.0)
        return (*(c.up_to(heavy) for c in segments), *(c.up_to(light) for c in segments))

    def _scaled(self, batch: Batch) -> tuple[Claims, ...]:
        segments = self._checked(batch)
        scale = batch.weight_scale
        if not self.weighted or (scale == 1).all():
            return segments
        # Keys as people state them, not per unit of weight: a tick is 1e-12 whatever the unit.
        return tuple(
            replace(c, offset=np.multiply(c.offset, scale), slope=np.multiply(c.slope, scale))
            for c in segments
        )

    def _lowered(self, batch: Batch) -> Any:
        """What the lowering makes of a batch."""
        try:
            return self.lower(batch, **self.given)
        except InputError as error:
            raise InputError(f"policy {self.name!r}: {error}") from error
        except Exception as error:
            if self.built_in:
                raise
            raise InputError(f"policy {self.name!r}: {type(error).__name__}: {error}") from error

    def _checked(self, batch: Batch) -> tuple[Claims, ...]:
        given = self._lowered(batch)
        segments = (given,) if isinstance(given, Claims) else given
        if self.built_in:
            return tuple(segments)
        several = isinstance(segments, list | tuple) and len(segments) > 0
        if not several or not all(isinstance(claims, Claims) for claims in segments):
            kind = type(given).__name__
            raise InputError(
                f"policy {self.name!r} returned a {kind}; expected fs.Claims, or a list of them"
            )
        for claims in segments:
            claims.check(self.name, batch)
        return tuple(segments)

    def configured(self, label: str | None = None, **given: Any) -> Self:
        """The same policy with other values of its parameters, and a name that tells them.

        Raises
        ------
        InputError
            On an unknown parameter or a value of another kind than its default's.
        """
        known = self.parameters
        for name, value in given.items():
            if name not in known:
                raise InputError(
                    f"policy {self.name!r} has no parameter {name!r}{did_you_mean(name, known)}"
                )
            if wrong := _wrong_kind(value, known[name]):
                raise InputError(
                    f"parameter {name} of policy {self.name!r} is {value!r}; expected {wrong}"
                )
        given = {**self.given, **given}
        base = self.name.partition("(")[0]
        told = ", ".join(f"{name}={_toml(value)}" for name, value in given.items())
        if label is not None and (not isinstance(label, str) or not label.strip()):
            raise InputError(f"label is {label!r}; expected a non-empty name")
        if label in _REGISTRY and _REGISTRY[label].lower is not self.lower:
            raise InputError(
                f"label is {label!r}, the name of another policy; expected one of its own"
            )
        return replace(self, name=label or (f"{base}({told})" if told else base), given=given)

    @property
    def parameters(self) -> dict[str, Any]:
        """Its parameters and their defaults."""
        return {
            name: parameter.default
            for name, parameter in inspect.signature(self.lower).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        }

    def __reduce__(self) -> Any:
        """Built-in policies travel to other processes by name: their function is this object."""
        if not self.built_in:
            return super().__reduce__()
        base = next(name for name, known in _REGISTRY.items() if known.lower is self.lower)
        return _rebuilt, (base, self.name, dict(self.given))

    def share(self, state: Any) -> dict[str, Any]:
        """What the scheduler makes of each job as it stands: see `standing.share`."""
        from fairsched_fast import standing

        return standing.share(self, state)

    def order(self, state: Any) -> list[str]:
        """The jobs, who is served next first: see `standing.order`."""
        from fairsched_fast import standing

        return standing.order(self, state)

    def fair_share(self, state: Any) -> dict[str, dict[str, float]]:
        """What the scheduler says each job is entitled to: see `standing.fair_share`."""
        from fairsched_fast import standing

        return standing.fair_share(self, state)

    @property
    def told(self) -> dict[str, str]:
        """What people read of it."""
        given = ", ".join(f"{name} = {_toml(value)}" for name, value in self.parameters.items())
        told = {
            "name": self.name,
            "does": self.description,
            "key": self.formula,
            "parameters": given,
            "source": self.source,
        }
        if self.about is None:
            return told
        return {**told, "models": self.about.scheduler, "not": self.about.not_modelled}

    @property
    def description(self) -> str:
        """The first paragraph of the lowering's docstring."""
        return (inspect.getdoc(self.lower) or "").split("\n\n")[0].replace("\n", " ")


PolicyLike = str | Policy | Mapping[str, Any]
"""A policy's name, a table that states it, or the policy."""


def _rebuilt(base: str, label: str, given: Mapping[str, Any]) -> Policy:
    return find_policy(base).configured(label, **given)


def _wrong_kind(value: object, default: object) -> str:
    """What was expected of a parameter's value, "" where it is of its default's kind."""
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "true or false"
    if isinstance(default, str):
        return "" if isinstance(value, str) else "a name"
    if isinstance(default, float | int):
        number = isinstance(value, Real) and not isinstance(value, bool)
        return "" if number and 0 <= value < np.inf else "a number, 0 or more"  # type: ignore[operator]
    if isinstance(default, Mapping):
        return "" if isinstance(value, Mapping) else "a table, name = value"
    names = isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)
    return "" if names else "a list of names"


def _toml(value: Any) -> str:
    """A parameter's value as a sweep file would have it."""
    if isinstance(value, Mapping):
        items = (f"{_toml_key(name)}={_toml(item)}" for name, item in value.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    plain = value.item() if isinstance(value, np.generic) else value
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml_key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _toml(name)


_REGISTRY: dict[str, Policy] = {}
SHIPPED = ("fairsched_fast.policies", "fairsched_fast.dialects")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
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
        built_in = lower.__module__.startswith(SHIPPED)
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
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except Exception as error:  # whatever the user's file raises
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
    known = known_policies()
    if isinstance(given, str) and given in known:
        return known[given], parameters
    match = _WITH_PARAMETERS.fullmatch(given) if isinstance(given, str) else None
    if match is None or match[1] not in known:
        raise InputError(
            f"unknown policy {given!r}{did_you_mean(match[1] if match else given, known)}"
        )
    try:
        stated = tomllib.loads(f"stated = {{{match[2]}}}")["stated"]
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f'policy {given!r}: {error}; expected name(parameter=value), as in drf(exclude=["gpu"])'
        ) from error
    return known[match[1]], {**stated, **parameters}
