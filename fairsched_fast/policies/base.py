"""What a policy is: a named lowering, its parameters, and the words that explain its choices."""

from __future__ import annotations

import copyreg
import inspect
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from numbers import Real
from typing import Any, Self

import numpy as np

from fairsched_fast.batch import Batch
from fairsched_fast.claims import Claims, same_lines
from fairsched_fast.errors import InputError, did_you_mean

UNNAMED = "key"  # what a key measures where its policy does not say
_BARE = re.compile(r"[A-Za-z0-9_-]+")
Lowering = Callable[..., Any]  # Batch, **parameters → Claims, or a list of them


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
    measure: str = UNNAMED
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
        if same_lines(segments):  # and let them stay so
            first = segments[0].times(scale)
            return tuple(replace(c, offset=first.offset, slope=first.slope) for c in segments)
        return tuple(claims.times(scale) for claims in segments)

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
            raise InputError(
                f"policy {self.name!r} returned a {type(given).__name__}; expected fs.Claims, or a "
                "list of them"
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
        words = [*known, "label"] if known else []
        for name, value in given.items():
            if name not in known:
                raise InputError(
                    f"policy {self.name!r} has no parameter {name!r}{did_you_mean(name, words)}"
                )
            if wrong := _wrong_kind(value, known[name]):
                raise InputError(
                    f"parameter {name} of policy {self.name!r} is {value!r}; expected {wrong}"
                )
        given = {
            name: value
            for name, value in {**self.given, **given}.items()
            if _toml(value) != _toml(known[name])
        }
        base = self.name.partition("(")[0]
        told = ", ".join(f"{name}={_toml(value)}" for name, value in given.items())
        if label is not None and (not isinstance(label, str) or not label.strip()):
            raise InputError(f"label is {label!r}; expected a non-empty name")
        from fairsched_fast.policies.registry import known_policies

        named = known_policies()
        if label in named and named[label].lower is not self.lower:
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
        """Policies travel to other processes by name: their function is hidden by this object."""
        if not self.built_in:
            module = sys.modules.get(self.lower.__module__ or "")
            found = getattr(module, self.lower.__name__, None)
            if isinstance(found, Policy) and found.lower is self.lower:
                place = (self.lower.__module__, self.lower.__name__)
                return _imported, (*place, self.name, dict(self.given))
            return super().__reduce__()
        base = self.lower.__name__
        return _rebuilt, (base, self.name, dict(self.given))

    def by_value(self) -> tuple[Any, ...]:
        """As `__reduce__`, of a policy of one's own with its function: for who lacks its module."""
        return copyreg.__newobj__, (type(self),), dict(vars(self))  # type: ignore[attr-defined]

    def measure_of(self, batch: Batch) -> str:
        """What its key measures, in words: `weighted` where weights make a difference."""
        return weighted(batch, self.measure) if self.weighted else self.measure

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


def weighted(batch: Batch, measure: str) -> str:
    """A measure that is divided by weights, in words: said where weights make a difference."""
    return f"weighted {measure}" if (batch.true_weight != 1).any() else measure


def _imported(module: str, name: str, label: str, given: Mapping[str, Any]) -> Policy:
    """A policy of a module that can be imported; importing it makes it known by name too."""
    found: Policy = getattr(import_module(module), name)
    return replace(found, name=label, given=given)


def _rebuilt(base: str, label: str, given: Mapping[str, Any]) -> Policy:
    from fairsched_fast.policies.registry import find_policy

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
