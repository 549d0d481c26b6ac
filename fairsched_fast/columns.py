"""Names of columns, and the units they carry: one place for tables, files and charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_BYTES = ("b", "kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib")
_FRACTIONS = ("m", "milli")
UNITS = frozenset(_BYTES + _FRACTIONS)
_RESERVED = "dominant"  # `dominant_share` is no resource's share


@dataclass(frozen=True, slots=True)
class ResourceColumns:
    """The columns of one resource: `mem_gb` is resource `mem` in unit `gb`."""

    resource: str
    base: str
    unit: str | None

    @property
    def alloc(self) -> str:
        """`mem_alloc_gb`: all that a job holds."""
        return f"{self.base}_alloc" + (f"_{self.unit}" if self.unit else "")

    @property
    def share(self) -> str:
        """`mem_share`: that over the pool's capacity."""
        return f"{self.base}_share"

    @property
    def utilization(self) -> str:
        """`utilization_mem`: share of the capacity in use by all jobs."""
        return f"utilization_{self.base}"

    @property
    def stranded(self) -> str:
        """`stranded_mem`: share of the capacity that is wanted, free and of no use to anybody."""
        return f"stranded_{self.base}"


def resource_columns(resources: Sequence[str]) -> list[ResourceColumns]:
    """Columns of each resource; where two names would collide the whole name stays."""
    split = [_split(name) for name in resources]
    while True:  # a whole name can collide in its turn
        bases = [base for base, _ in split]
        whole = [
            (name, None) if bases.count(base) > 1 else (base, unit)
            for name, (base, unit) in zip(resources, split, strict=True)
        ]
        if whole == split:
            break
        split = whole
    return [
        ResourceColumns(name, f"{name}_resource" if name == _RESERVED else name, None)
        if base == _RESERVED
        else ResourceColumns(name, base, unit)
        for name, (base, unit) in zip(resources, split, strict=True)
    ]


def unit_of(resource: str) -> str | None:
    """The unit that a resource's name ends in: `gb` of `mem_gb`."""
    return _split(resource)[1]


def _split(resource: str) -> tuple[str, str | None]:
    base, _, unit = resource.rpartition("_")
    return (base, unit) if base and unit.lower() in UNITS else (resource, None)
