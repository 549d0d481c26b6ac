"""What is scheduled: the same scenarios for everyone who is timed, made from seeds.

W1, W2 and W3 are those of the peers that lie beside some checkouts (`../shared/peers`), number for
number: their checksums are known, so whoever gets them right did the same work. The others have
pools that never fill, for contestants that do not look.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fairsched_fast as fs

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Workload:
    """S scenarios of the same pool and demands; only what the jobs hold differs."""

    capacity: NDArray[np.int64]  # (R,)
    demand: NDArray[np.int64]  # (J, R)
    usage: NDArray[np.int64]  # (S, J, R)
    ceiling: NDArray[np.int64]  # (J,)
    executors: int  # N

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """S, J, R, N."""
        return *self.usage.shape, self.executors

    def head(self, scenarios: int | None) -> Workload:
        """The first scenarios alone, for those to whom all of them would take too long."""
        return replace(self, usage=self.usage[:scenarios])

    def batch(self) -> fs.Batch:
        """As a Batch; a demand that all jobs share is given once."""
        alike = (self.demand == self.demand[0]).all()
        return fs.Batch(
            capacity=self.capacity,
            demand=self.demand[:1] if alike else self.demand,
            usage=self.usage,
            max_executors=self.ceiling,
            extra_executors=self.executors,
        )


@dataclass(frozen=True)
class Given:
    """What a contestant handed out."""

    granted: Ints  # (S, J)
    choices: Ints | None = None  # (S, N), −1 where nothing was granted

    @classmethod
    def of_choices(cls, choices: Ints, J: int) -> Given:
        """Counts the grants of an order (S, N)."""
        columns = np.where(choices < 0, J, choices)
        counts = [np.bincount(row, minlength=J + 1)[:J] for row in columns]
        return cls(np.array(counts), choices)

    @property
    def decisions(self) -> int:
        """Executors given in all."""
        return int(self.granted.sum())

    @property
    def checksums(self) -> tuple[str, str]:
        """CRC-32 of granted as int32 and of choices as int16; the latter "" without choices."""
        kept = "" if self.choices is None else _crc(self.choices, np.int16)
        return _crc(self.granted, np.int32), kept


def _crc(array: Ints, dtype: type[np.integer[Any]]) -> str:
    return f"{zlib.crc32(np.ascontiguousarray(array, dtype).tobytes()):08x}"


# --- The peers' workloads -------------------------------------------------------------------------


def philox(seed: int) -> np.random.Generator:
    """The stream of a peers' workload."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed)))


def w1(scenarios: int = 100_000) -> Workload:
    """The notebook's pool and three jobs, holding up to five executors more or less: 15 to give."""
    stream = philox(1)
    cpu, memory = (stream.integers(-5, 6, (scenarios, 3)) for _ in range(2))
    usage = np.array([[60, 240], [40, 240], [20, 40]]) + np.stack([2 * cpu, 8 * memory], axis=-1)
    return Workload(
        capacity=np.array([200, 800]),
        demand=np.array([[2, 16]] * 3),
        usage=np.maximum(usage, 0),
        ceiling=np.full(3, 30),
        executors=15,
    )


def w2(scenarios: int = 10_000) -> Workload:
    """32 jobs of one demand, 500 executors to give."""
    stream = philox(2)
    cpu, memory = (stream.integers(0, 31, (scenarios, 32)) for _ in range(2))
    return Workload(
        capacity=np.array([2000, 12_000]),
        demand=np.array([[2, 16]] * 32),
        usage=np.stack([2 * cpu, 8 * memory], axis=-1),
        ceiling=np.full(32, 30),
        executors=500,
    )


def w3(scenarios: int = 200) -> Workload:
    """1,000 jobs, each with demands of its own on four resources; 20,000 executors, full pools."""
    stream, J = philox(3), 1000
    demand = own_demands(stream, J)
    ceiling = stream.integers(10, 61, J)
    held = demand * stream.integers(0, 4, (scenarios, J, 1))
    cpu_and_memory = stream.integers(0, 4, (scenarios, J, 2))
    no_gpu = np.zeros((scenarios, J, 1), np.int64)
    disk = stream.integers(0, 30, (scenarios, J, 1))
    return Workload(
        capacity=np.array([100_000, 640_000, 10_000, 2_000_000]),
        demand=demand,
        usage=held + np.concatenate([cpu_and_memory, no_gpu, disk], axis=-1),
        ceiling=ceiling,
        executors=20_000,
    )


def own_demands(stream: np.random.Generator, J: int) -> NDArray[np.int64]:
    """(J, 4) CPUs, memory, GPUs (most jobs take none) and disk."""
    gpus: dict[str, Any] = {"a": [0, 1, 2], "p": [0.7, 0.2, 0.1]}
    return np.stack(
        [
            stream.integers(1, 9, J),
            stream.integers(2, 65, J),
            stream.choice(size=J, **gpus),
            stream.integers(10, 201, J),
        ],
        axis=-1,
    )


PEERS: dict[str, Callable[..., Workload]] = {"W1": w1, "W2": w2, "W3": w3}
TRUTH = {  # checksums of what was granted and chosen, under DRF, ties to the lower index
    "W1": ("2c40f336", "d6d37af7"),
    "W2": ("bc8a8fa2", "10585252"),
    "W3": ("3526767c", "709a76bf"),
}

# --- Pools that never fill ------------------------------------------------------------------------


def story_sized(scenarios: int) -> Workload:
    """The notebook's pool, its three jobs holding more or less of what they hold there."""
    spread = np.random.default_rng(1).integers(0, 6, (scenarios, 3, 1))
    return Workload(
        capacity=np.array([200, 800]),
        demand=np.array([[2, 16]] * 3),
        usage=np.array([[60, 240], [20, 40], [40, 240]]) - spread * [2, 8],
        ceiling=np.full(3, 30),
        executors=15,
    )


def queue_sized(scenarios: int) -> Workload:
    """32 jobs, 500 executors."""
    held = np.random.default_rng(2).integers(0, 31, (scenarios, 32, 1))
    return Workload(
        capacity=np.array([4000, 24_000]),
        demand=np.array([[2, 16]] * 32),
        usage=held * [2, 8],
        ceiling=np.full(32, 30),
        executors=500,
    )


def cluster_sized(scenarios: int) -> Workload:
    """1,000 jobs, each with demands of its own on four resources, 5,000 executors."""
    stream = np.random.default_rng(3)
    demand = own_demands(stream, 1000)
    return Workload(
        capacity=np.array([100_000, 640_000, 10_000, 2_000_000]),
        demand=demand,
        usage=demand * stream.integers(0, 4, (scenarios, 1000, 1)),
        ceiling=stream.integers(10, 61, 1000),
        executors=5000,
    )
