"""What a sweep file may say: one pydantic model, every error with its key's path, all at once.

`read_spec` gives the words of the file; `reading` gives them meaning.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
)

from fairsched_fast.errors import InputError, Problems, did_you_mean


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("expected a number")
    return value


def _budget(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | dict):
        raise ValueError("expected a whole number, or a table with one for each pool")
    return value


def _column(value: object) -> object:
    if not isinstance(value, str | dict):
        raise ValueError('expected a column\'s name, or { column = "…", factor = … }')
    return {"column": value} if isinstance(value, str) else value


def _number_or_column(value: object) -> object:
    if not isinstance(value, str | dict):
        return _number(value)
    try:
        return ColumnSection.model_validate(_column(value))
    except ValidationError:
        raise ValueError(
            'expected a number, a column\'s name, or { column = "…", factor = … }'
        ) from None


def _steps(value: object) -> object:
    try:
        return value if isinstance(value, bool) else StepsSection.model_validate(value)
    except ValidationError:
        raise ValueError(
            "expected true, false, or the share of scenarios whose steps are kept, as in "
            "{ share = 0.01 }"
        ) from None


def _audit(value: object) -> object:
    try:
        return value if isinstance(value, bool) else AuditSection.model_validate(value)
    except ValidationError:
        raise ValueError(
            "expected true, false, or the share of scenarios that are audited and whether probes "
            "are run, as in { share = 0.01, probes = false }"
        ) from None


def _policy(value: object) -> object:
    if not isinstance(value, str | dict):
        raise ValueError('expected a policy\'s name, or { policy = "…", parameter = … }')
    return value


def _list(value: object) -> object:
    if not isinstance(value, list):
        raise ValueError('expected a list, as in ["drf", "mesos"]')
    return value


PolicyName = Annotated[Any, BeforeValidator(_policy)]
Number = Annotated[Any, BeforeValidator(_number)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PoolSection(_Section):
    """`[[pool]]`: the keywords of `Pool`."""

    name: str
    capacity: dict[str, Number]
    executor: dict[str, Number] | None = None


class JobSection(_Section):
    """`[[job]]`: the keywords of `Job`."""

    name: str
    usage: dict[str, Number] = {}
    demand: dict[str, Number] | None = None
    guarantee: dict[str, Number] = {}
    limit: dict[str, Number] = {}
    max_executors: Number | None = None
    min_executors: Number = 0
    executors: Number = 0
    weight: Number = 1.0
    priority: Number = 0
    submitted: Number = 0.0
    user: str | None = None
    pool: str | None = None


class ColumnSection(_Section):
    """A column of the jobs' table, as `"name"` or `{ column = "name", factor = 0.001 }`."""

    column: str
    factor: float = Field(default=1.0, gt=0, allow_inf_nan=False)


TableColumn = Annotated[ColumnSection, BeforeValidator(_column)]
NumberOrColumn = Annotated[Any, BeforeValidator(_number_or_column)]


class JobsSection(_Section):
    """`[jobs]`: jobs drawn from a CSV file, `sample` of them in each scenario."""

    csv: str
    sample: PositiveInt
    demand: dict[str, TableColumn]
    usage: dict[str, TableColumn] = {}
    name: str = "name"
    replace: bool = False
    max_executors: NumberOrColumn | None = None
    min_executors: NumberOrColumn = 0
    executors: NumberOrColumn = 0
    weight: NumberOrColumn = 1.0
    priority: NumberOrColumn = 0
    submitted: NumberOrColumn = 0.0


class BlockSection(_Section):
    """`[[block]]`: its axes multiply."""

    grid: dict[str, Any] = {}
    zip: dict[str, Any] = {}
    random: dict[str, Any] = {}
    sobol: dict[str, Any] = {}
    where: str | None = None
    repeat: PositiveInt = 1


class StepsSection(_Section):
    """`steps = { share = 0.01 }`: of which share of the scenarios."""

    share: float = Field(gt=0, le=1)


class AuditSection(_Section):
    """`audit = { share = 0.01, probes = false }`: of which share, and whether with probes."""

    share: float = Field(default=1.0, gt=0, le=1)
    probes: bool = True


class AggregateSection(_Section):
    """`[[output.aggregate]]`: a small table, computed on the way."""

    by: Annotated[list[str], Field(min_length=1)] = ["policy"]
    measures: Annotated[list[str], Field(min_length=1)] | None = None
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w-]*$")] | None = None


class OutputSection(_Section):
    """`[output]`: what to keep."""

    summary: bool = True
    jobs: bool = True
    steps: Annotated[Any, BeforeValidator(_steps)] = False
    audit: Annotated[Any, BeforeValidator(_audit)] = False
    aggregate: list[AggregateSection] = []


class Spec(_Section):
    """A sweep file."""

    schema_: Literal[1] = Field(alias="schema")
    name: str = "sweep"
    seed: NonNegativeInt = 0
    policies: Annotated[list[PolicyName], BeforeValidator(_list)] = Field(
        default=["round_robin", "drf"], min_length=1
    )
    extra_executors: Annotated[Any, BeforeValidator(_budget)]
    on_full: str = "skip"
    user_caps: dict[str, Number] = {}
    pool: list[PoolSection] = Field(min_length=1)
    job: list[JobSection] = []
    jobs: JobsSection | None = None
    block: list[BlockSection] = []
    output: OutputSection = OutputSection()


_SECTIONS: dict[str, type[_Section]] = {
    "pool": PoolSection,
    "job": JobSection,
    "jobs": JobsSection,
    "block": BlockSection,
    "output": OutputSection,
}


_EXPECTED = {  # pydantic's name for what is wrong: our words
    "literal_error": "expected {expected}",
    "int_type": "expected a whole number",
    "float_type": "expected a number",
    "finite_number": "expected a finite number",
    "greater_than": "expected a number above {gt:g}",
    "greater_than_equal": "expected {ge:g} or more",
    "string_type": "expected a text, in quotes",
    "string_pattern_mismatch": "expected letters, digits, _ and -, a letter or a digit first",
    "bool_type": "expected true or false",
    "list_type": "expected a list",
    "dict_type": "expected a table, {{ key = value }}",
    "model_type": "expected a table, {{ key = value }}",
}


def read_spec(path: Path) -> tuple[Spec, str]:
    """A sweep file's words, and its text.

    Raises
    ------
    InputError
        On a missing, unreadable or wrong file; every problem at once, each with its key's path.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(
            f"{path}: there is no such file; `fairsched init` writes one to start from"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        if path.is_dir():
            inside = path / "spec.toml"
            hint = f": try {inside}" if inside.is_file() else ""
            raise InputError(f"{path} is a folder; expected a sweep file{hint}") from None
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be read: {why}") from error
    return parse_spec(text, str(path)), text


def parse_spec(text: str, where: str) -> Spec:
    """The words of a sweep file's text; `where` names it in errors.

    Raises
    ------
    InputError
        As `read_spec`.
    """
    try:
        words = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # not TOML, or a number of 5,000 digits
        raise InputError(f"{where}: not valid TOML: {error}") from error
    try:
        return Spec.model_validate(words)
    except ValidationError as error:
        problems = Problems(_describe(detail) for detail in error.errors())
    problems.raise_if_any(where)
    raise AssertionError("a validation error always has a problem")


def spec_hash(text: str) -> str:
    """SHA-256 of a sweep file's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def key_path(location: tuple[int | str, ...]) -> str:
    """`pool[0].capacity.cpu`."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _describe(detail: Any) -> str:
    location: tuple[int | str, ...] = detail["loc"]
    path = key_path(location)
    if detail["type"] == "extra_forbidden":
        section = _SECTIONS.get(str(location[0]), Spec) if len(location) > 1 else Spec
        if section is JobsSection and len(location) > 2:
            section = ColumnSection
        if section is OutputSection and len(location) > 2:
            section = AggregateSection
        known = [field.alias or name for name, field in section.model_fields.items()]
        return f"{path} is an unknown key{did_you_mean(location[-1], known)}"
    if detail["type"] == "missing":
        return f"{path} is missing"
    if detail["type"] == "too_short":
        return f"{path} is {detail['input']!r}: expected at least one"
    if detail["type"] == "list_type" and isinstance(detail["input"], dict):
        return f"{path} is a single table: expected a list of them, each headed [[{path}]]"
    told = str(detail["msg"]).removeprefix("Value error, ")
    ours = _EXPECTED.get(detail["type"])
    expected = ours.format_map(detail.get("ctx", {})) if ours else told
    return f"{path} is {detail['input']!r}: {expected}"
