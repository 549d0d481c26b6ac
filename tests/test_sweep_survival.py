"""Sweeps that are killed, damaged, starved and disputed end with the bytes of one that was not."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from complaints import refused
from specs import blocks
from strategies import how_many
from sweep_children import SMALL_SLICE, killed_at
from sweep_files import counted, everything_in, lasting, parts_in, ran

from fairsched_fast.sweep.folder import digest, journal, store
from fairsched_fast.sweep.folder.durable import StorageError
from fairsched_fast.sweep.running import run
from fairsched_fast.sweep.scenarios import chunks
from fairsched_fast.sweep.scenarios.reading import parse_sweep

TEXT = blocks(
    "grid = { extra_executors = { range = [0, 40] }, 'job.Heavy.max_executors' = [3, 9, 30] }\n"
    "repeat = 10",
    "repeat = 700",
    "repeat = 300\nwhere = 'extra_executors > 99'",
) + (
    "[output]\nsteps = { share = 0.1 }\n"
    "[[output.aggregate]]\nby = ['policy', 'extra_executors']\nmeasures = ['jain', 'steps']\n"
)
STEPS = 103  # that make something durable, in such a sweep
MOMENTS = sorted(random.Random(20).sample(range(1, STEPS + 1), min(STEPS, how_many(1 / 6))))


@pytest.fixture(autouse=True)
def small_slices(monkeypatch):
    """A small sweep has several chunks."""
    monkeypatch.setattr(chunks, "SLICE_ROWS", SMALL_SLICE)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The folder of a sweep that nothing happened to."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "SLICE_ROWS", SMALL_SLICE)
        ran(TEXT, folder)
    return folder


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_it_goes_on(undisturbed, tmp_path, moment):
    assert killed_at(moment, TEXT, tmp_path)
    outcome = ran(TEXT, tmp_path)
    assert outcome.manifest["status"] == "complete"
    assert lasting(tmp_path) == lasting(undisturbed)
    times = {"seconds"}
    first, second = manifest_of(undisturbed), manifest_of(tmp_path)
    assert {k: v for k, v in first.items() if k not in times} == {
        k: v for k, v in second.items() if k not in times
    }


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_what_was_finished_before_a_kill_is_not_run_again(tmp_path, monkeypatch):
    assert killed_at(60, TEXT, tmp_path)
    finished = {record.number for record in journal.Journal(tmp_path).lines()}
    assert finished
    seen = counted(monkeypatch)
    outcome = ran(TEXT, tmp_path)
    assert set(seen) == set(range(10)) - finished
    assert 0 < outcome.resumed < 2200


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def tear(path):
    with path.open("ab") as file:
        file.write(b'{"crc32": 1, "chunk": {"number": 3, "sta')


def lose_half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("name", "damage", "again"),
    [
        ("summary/part-000001.parquet", cut_short, 1),
        ("jobs/part-000003.parquet", flip_a_bit, 1),
        ("steps/part-000000.parquet", os.unlink, 1),
        ("jobs", shutil.rmtree, 8),
        ("progress.jsonl", tear, 0),
        ("progress.jsonl", flip_a_bit, 1),
        ("progress.jsonl", lose_half, None),
        ("progress.jsonl", os.unlink, 10),
        ("charts/jain.png", cut_short, 0),
        ("aggregates/aggregate-0.parquet", os.unlink, 0),
    ],
)
def test_what_is_damaged_is_made_again_and_nothing_else(
    undisturbed, tmp_path, monkeypatch, name, damage, again
):
    folder = tmp_path / "out"
    shutil.copytree(undisturbed, folder)
    damage(folder / name)
    seen = counted(monkeypatch)
    ran(TEXT, folder)
    assert lasting(folder) == lasting(undisturbed)
    assert len(seen) == again if again is not None else 0 < len(seen) < 10


def test_a_finished_sweep_is_only_looked_at(undisturbed, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    shutil.copytree(undisturbed, folder)
    before = everything_in(folder)
    seen = counted(monkeypatch)
    outcome = ran(TEXT, folder)
    assert (seen, outcome.resumed) == ([], 2200)
    assert everything_in(folder) == before
    assert outcome.digest.means().tolist() == ran(TEXT, tmp_path / "new").digest.means().tolist()


def test_a_longer_sweep_goes_on_from_a_shorter_one(undisturbed, tmp_path, monkeypatch):
    ran(TEXT, tmp_path, limit=1300)
    seen = counted(monkeypatch)
    ran(TEXT, tmp_path)
    assert seen == [5, 6, 7, 8, 9] or set(seen) == {5, 6, 7, 8, 9}
    assert lasting(tmp_path) == lasting(undisturbed)


def test_charts_and_aggregates_of_a_shorter_sweep_do_not_outlive_it(tmp_path):
    outcome = ran(TEXT, tmp_path, limit=1300)
    assert {path.stem for path in outcome.files} >= set(digest.PICTURES)
    (tmp_path / "charts" / "my own.png").write_text("kept")

    def interrupt(done, *, already=False):
        if not already:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ran(TEXT, tmp_path, advance=interrupt)
    assert not [path for path in outcome.files if path.exists()]
    assert (tmp_path / "charts" / "my own.png").read_text() == "kept"
    assert manifest_of(tmp_path)["status"] == "interrupted"


@pytest.mark.parametrize("limit", [None, 1300])
def test_cuts_are_of_the_spec_alone(limit):
    cuts = [(c.start, c.stop) for c in chunks.chunks(parse_sweep(TEXT), limit)]
    end = limit or 2200
    whole = [(0, 256), (256, 512), (512, 768), (768, 1024), (1024, 1200)]
    whole += [(1200, 1456), (1456, 1712), (1712, 1900), (1900, 2156), (2156, 2200)]
    assert cuts == [(a, min(b, end)) for a, b in whole if a < end]


def test_large_sweeps_have_parts_of_about_a_million_rows(monkeypatch):
    monkeypatch.undo()
    for power in range(4, 15):
        text = blocks(f"repeat = {10**power}") + "[output]\njobs = false"
        size = next(chunks.chunks(parse_sweep(text))).stop
        assert 2 * size <= chunks.PART_ROWS
        assert 10**power / size <= 64 or 2 * size == chunks.PART_ROWS


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 300 kB, where one can be had."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)]
    if (
        sys.platform != "linux"
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_keeps_what_is_finished_and_goes_on_with_more(small_disk, undisturbed):
    out = small_disk / "out"
    with pytest.raises(StorageError, match=r"No space left.*free some space"):
        ran(TEXT, out)
    assert not [name for name in everything_in(out) if "partial" in name]
    finished = parts_in(out)
    assert finished.items() <= parts_in(undisturbed).items()
    subprocess.run(["mount", "-o", "remount,size=9m", str(small_disk)], check=True)
    ran(TEXT, out)
    assert lasting(out) == lasting(undisturbed)


def test_something_in_the_way_is_one_message(undisturbed, tmp_path):
    folder = tmp_path / "out"
    shutil.copytree(undisturbed, folder)
    shutil.rmtree(folder / "summary")
    (folder / "summary").write_text("in the way")
    with pytest.raises(StorageError, match=r"cannot write: .*see that it can be written to"):
        ran(TEXT, folder)
    (folder / "summary").unlink()
    ran(TEXT, folder)
    assert lasting(folder) == lasting(undisturbed)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_read_only_folder_is_one_message(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="see that it can be written to"):
        ran(TEXT, tmp_path / "out")
    tmp_path.chmod(0o700)


def test_a_folder_is_held_by_one_process_at_a_time(tmp_path):
    sweep = parse_sweep(TEXT)
    held = store.Store(tmp_path, sweep.text, run._about(sweep, None))
    with held.held():
        held.restart()
        with refused("is held by process", f"{os.getpid()}", "wait for it to end"):
            ran(TEXT, tmp_path)
    assert ran(TEXT, tmp_path).manifest["status"] == "complete"


def test_a_clock_that_goes_backwards_is_nobodys_business(undisturbed, tmp_path, monkeypatch):
    now = iter(range(2_000_000_000, 0, -1000))
    monkeypatch.setattr(time, "time", lambda: next(now))
    ran(TEXT, tmp_path, limit=1300)
    for path in (tmp_path / "summary").iterdir():
        os.utime(path, (3e9, 3e9))
    assert ran(TEXT, tmp_path).manifest["seconds"] >= 0
    assert lasting(tmp_path) == lasting(undisturbed)


def test_a_folder_left_by_a_kill_before_its_manifest_is_ours(undisturbed, tmp_path):
    (tmp_path / ".lock").touch()
    (tmp_path / ".manifest.partial.json").write_text("{")
    ran(TEXT, tmp_path)
    assert lasting(tmp_path) == lasting(undisturbed)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("schema", 0, "was made with results of schema 0 (now 1)"),
        ("journal", 1, "was made with a journal of version 1 (now "),
        ("versions", {**store.versions(), "pyarrow": "1.0"}, "was made with pyarrow 1.0 (now "),
        ("jobs_sha256", "0", "holds the sweep of another jobs table"),
    ],
)
def test_a_folder_that_would_not_match_is_refused(undisturbed, tmp_path, key, value, words):
    folder = tmp_path / "out"
    shutil.copytree(undisturbed, folder)
    told = json.dumps({**manifest_of(folder), key: value})
    (folder / "manifest.json").write_text(told, encoding="utf-8")
    before = everything_in(folder)
    with refused(words, "left as it was"):
        ran(TEXT, folder)
    assert everything_in(folder) == before


@pytest.mark.parametrize("status", ["complete", "interrupted"])
def test_a_folder_from_before_journals_had_versions_is_refused(undisturbed, tmp_path, status):
    folder = tmp_path / "out"
    shutil.copytree(undisturbed, folder)
    told = manifest_of(folder) | {"status": status}
    del told["journal"]
    (folder / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
    before = everything_in(folder)
    with refused("a journal of version 1 (now ", "left as it was. Name another folder"):
        ran(TEXT, folder)
    assert everything_in(folder) == before


@pytest.mark.parametrize("text", ["", "AAAA", "eAFjYEAFAAAQAAE="], ids=["none", "torn", "short"])
def test_a_chunk_whose_digest_cannot_be_read_is_run_again(undisturbed, tmp_path, monkeypatch, text):
    folder = tmp_path / "out"
    shutil.copytree(undisturbed, folder)
    book = journal.Journal(folder)
    lines = [replace(r, digest=text) if r.number == 3 else r for r in book.lines()]
    book.rewrite(lines)
    seen = counted(monkeypatch)
    ran(TEXT, folder)
    assert seen == [3]
    assert lasting(folder) == lasting(undisturbed)


def test_the_layout_of_a_digest_has_a_version():
    """Where this fails: raise LAYOUT with what is changed here."""
    empty = digest.empty_digest(parse_sweep(TEXT))
    shapes = [(array.dtype.str, array.shape) for array in empty._arrays()]
    groups, bins = 2 * 40, len(digest.EDGES) - 1
    assert (digest.LAYOUT, digest.CHARTED) == (2, ("dominant_share_gap", "jain", "utilization"))
    assert shapes == [
        ("<i8", (4,)),  # scenarios, pools, overfull, differing
        ("<i8", (2,)),
        ("<i8", (2, 4)),
        ("<f8", (2, 1, 3)),
        ("<i8", (2, 1, 3, bins)),
        ("<f8", (2, 1, 40, 3)),
        ("<i8", (40, 3)),
        ("<i8", (groups, 2)),
        *[("<f8", (groups, 2))] * 4,
    ]


def test_a_folder_whose_manifest_is_gone_is_refused_as_that(undisturbed, tmp_path):
    shutil.copytree(undisturbed, tmp_path / "out")
    (tmp_path / "out" / "manifest.json").unlink()
    with refused("holds a sweep whose manifest.json is gone", "left as it was"):
        run.run_sweep(parse_sweep(TEXT), tmp_path / "out")
