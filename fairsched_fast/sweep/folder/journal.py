"""The journal of a result folder: a line for each chunk that is finished or has failed.

Lines are appended and fsynced, and never changed. A line that is torn or damaged is as good as
none: its chunk is run again. Of several lines for a chunk the last counts.
"""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from fairsched_fast.sweep.folder.durable import Stamp, sync_folder, write_whole

NAME = "progress.jsonl"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a chunk."""

    rows: int
    bytes: int
    sha256: str

    @property
    def stamp(self) -> Stamp:
        """What it is recognised by."""
        return Stamp(self.bytes, self.sha256)


@dataclass(frozen=True, slots=True)
class ChunkRecord:
    """What became of a chunk: its parts by kind and its digest, or why it failed."""

    number: int
    start: int
    stop: int
    parts: dict[str, Part] = field(default_factory=dict)
    digest: str = ""
    failed: str = ""

    def line(self) -> bytes:
        """As the journal has it: JSON, with a checksum of its own text in front."""
        text = json.dumps(asdict(self), ensure_ascii=False)
        return f'{{"crc32": {zlib.crc32(text.encode())}, "chunk": {text}}}\n'.encode()

    @classmethod
    def read(cls, line: bytes) -> ChunkRecord | None:
        """What a line says; None where it is no whole line of ours."""
        try:
            given = json.loads(line)["chunk"]
            parts = {kind: Part(**part) for kind, part in given.pop("parts").items()}
            record = cls(**given, parts=parts)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        return record if record.line() == line else None


class Journal:
    """Chunks by number. In memory is only where each one's line begins, whatever their number."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._lock = threading.Lock()
        self._places: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._places)

    def lines(self) -> Iterator[ChunkRecord]:
        """Every whole line of the file, as it lies there."""
        if self.path.exists():
            with self.path.open("rb") as file:
                yield from (record for line in file if (record := ChunkRecord.read(line)))

    def records(self) -> Iterator[ChunkRecord]:
        """What is known of each chunk, in the order of their numbers."""
        if not self._places:
            return
        with self.path.open("rb") as file:
            for _, place in sorted(self._places.items()):
                file.seek(place)
                record = ChunkRecord.read(file.readline())
                if record is not None:
                    yield record

    def append(self, record: ChunkRecord) -> None:
        """Add a line, durably. Threads may call this."""
        with self._lock, self.path.open("ab") as file:
            place = file.tell()
            file.write(record.line())
            file.flush()
            os.fsync(file.fileno())
            if place == 0:
                sync_folder(self.path.parent)
            self._places[record.number] = place

    def rewrite(self, records: Iterable[ChunkRecord]) -> None:
        """Replace all lines, durably, in the order of `records`."""
        places, end = {}, 0

        def save(path: Path) -> None:
            nonlocal end
            with path.open("wb") as file:
                for record in records:
                    places[record.number] = end
                    end += file.write(record.line())

        write_whole(self.path, save)
        self._places = places
