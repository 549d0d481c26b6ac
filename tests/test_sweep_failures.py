"""Chunks that fail: a row in the manifest, while the others go on."""

import json

import numpy as np
import pytest
from specs import blocks, spec
from sweep_children import process
from sweep_files import counted, everything_in, lasting, messages, ran, rows

import fairsched_fast as fs
from fairsched_fast.sweep.running.words import describe_failures, describe_outcome
from fairsched_fast.sweep.scenarios import chunks

BROKEN = {"at": 20, "tried": 0, "cured_by_trying": False}


@fs.policy("moody")
def moody(batch):
    """In turn; raises for scenarios of some budget, until it is cured."""
    if (batch.extra_executors == BROKEN["at"]).any():
        BROKEN["tried"] += 1
        if not BROKEN["cured_by_trying"] or BROKEN["tried"] % 2:
            raise RuntimeError("not this one")
    return fs.Claims(np.zeros((1, 1, 1)), np.ones((1, 1, 1)), np.ones((1, 1, 1)))


TEXT = blocks(
    "grid = { extra_executors = { range = [0, 40] } }\nrepeat = 64", policies='["moody", "drf"]'
)  # ten chunks of four budgets each; chunk 5 has 20 … 23


@pytest.fixture(autouse=True)
def a_bad_day(monkeypatch):
    """Small chunks, and a policy that fails for one budget."""
    monkeypatch.setattr(chunks, "SLICE_ROWS", 1000)
    monkeypatch.setitem(BROKEN, "at", 20)
    monkeypatch.setitem(BROKEN, "tried", 0)
    monkeypatch.setitem(BROKEN, "cured_by_trying", False)


def test_a_chunk_that_fails_is_a_row_and_the_others_go_on(tmp_path):
    outcome = ran(TEXT, tmp_path)
    (failure,) = outcome.failures
    assert (failure.chunk, failure.start, failure.stop) == (5, 1280, 1536)
    assert "RuntimeError: not this one" in failure.message
    assert BROKEN["tried"] == 2
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert (manifest["status"], manifest["kept"]) == ("failed", 9 * 256)
    assert manifest["failed"][0]["chunk"] == 5
    there = {r["scenario"] for r in rows(tmp_path, "summary")}
    assert there == set(range(2560)) - set(range(1280, 1536))
    assert "some of the sweep failed: these figures are of the rest" in describe_outcome(outcome)
    said = describe_failures(outcome)
    assert said.startswith("1 chunk failed, and again when tried once more")
    assert "scenarios 1,280 … 1,535: policy 'moody': RuntimeError: not this one" in said


def test_the_next_run_tries_only_what_failed(tmp_path, monkeypatch):
    ran(TEXT, tmp_path / "bad")
    monkeypatch.setitem(BROKEN, "at", -1)
    seen = counted(monkeypatch)
    outcome = ran(TEXT, tmp_path / "bad")
    assert (seen, outcome.failures, outcome.manifest["status"]) == ([5], (), "complete")
    ran(TEXT, tmp_path / "good")
    assert lasting(tmp_path / "bad") == lasting(tmp_path / "good")


def test_a_chunk_that_succeeds_when_tried_again_is_no_failure(tmp_path, monkeypatch):
    monkeypatch.setitem(BROKEN, "cured_by_trying", True)
    outcome = ran(TEXT, tmp_path)
    assert (BROKEN["tried"], outcome.failures) == (2, ())
    assert not [name for name in everything_in(tmp_path) if "partial" in name]


def test_who_wants_it_fails_fast(tmp_path):
    outcome = ran(TEXT, tmp_path, workers=1, fail_fast=True)
    assert [failure.chunk for failure in outcome.failures] == [5]
    assert outcome.manifest["kept"] < 9 * 256


def test_a_sweep_of_which_everything_fails_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(BROKEN, "at", 15)
    text = spec(policies='["moody"]').replace("[[job]]", "[[job]]", 1)
    monkeypatch.setattr(
        "fairsched_fast.sweep.scenarios.reading._check_policies", lambda sweep, where: None
    )
    outcome = ran(text, tmp_path)
    assert len(outcome.failures) == 1
    assert outcome.files == ()
    said = describe_outcome(outcome)
    assert "no scenario was run: no figures" in said
    assert "0.000" not in said


def test_the_command_ends_with_1_and_the_list(tmp_path):
    (tmp_path / "moody.py").write_text(
        "import fairsched_fast as fs\n"
        "import numpy as np\n"
        "@fs.policy('moody')\n"
        "def moody(batch):\n"
        "    if (batch.extra_executors > 1000).any():\n"
        "        raise RuntimeError('not this one')\n"
        "    one = np.ones((1, 1, 1))\n"
        "    return fs.Claims(0 * one, one, one)\n"
    )
    text = blocks("grid = { extra_executors = [1] }", "grid = { extra_executors = [2000] }")
    (tmp_path / "mine.toml").write_text(text.replace('"drf"', '"moody"'))
    given = ("mine.toml", "--out", "out", "--policy-file", "moody.py")
    out, err = (sweeping := process("sweep", *given, cwd=tmp_path)).communicate(timeout=60)
    assert sweeping.returncode == 1
    assert "test: 1 scenario × 2 policies" in out
    assert messages(err) == [
        "error: 1 chunk failed, and again when tried once more; the same command tries them again:",
        "  scenarios 1 … 1: policy 'moody': RuntimeError: not this one",
    ]
    (tmp_path / "moody.py").write_text((tmp_path / "moody.py").read_text().replace("1000", "9000"))
    out, err = (sweeping := process("sweep", *given, cwd=tmp_path)).communicate(timeout=60)
    assert sweeping.returncode == 2
    assert "out was made with another definition of policy 'moody'" in err
