"""Sweeps on Dask: the bytes of one machine, whoever is killed, wherever policies come from."""

import os
import pickle
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from complaints import refused
from specs import blocks, spec
from sweep_files import everything_in, lasting, ran

import fairsched_fast as fs
from fairsched_fast.sweep.folder.durable import StorageError
from fairsched_fast.sweep.running import cluster
from fairsched_fast.sweep.scenarios.reading import parse_sweep

distributed = pytest.importorskip("distributed", reason="needs pip install 'fairsched-fast[dask]'")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")

HERE = os.getpid()
STEPS = "[output]\nsteps = { share = 0.1 }\n"
TEXT = blocks(*[f"repeat = {100 + n}" for n in range(12)]) + STEPS  # a chunk for each block


@pytest.fixture(scope="module")
def client(compiled):
    """Of a cluster of two processes here, where a chunk that was there twice is suspect."""
    import dask

    quiet = {"distributed.scheduler.allowed-failures": 1, "distributed.logging.distributed": 50}
    with (
        dask.config.set(quiet),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address=":0",
            silence_logs=50,
        ) as two,
        distributed.Client(two) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def on_one_machine(tmp_path_factory):
    """The folder of the same sweep on threads."""
    folder = tmp_path_factory.mktemp("threads")
    ran(TEXT, folder)
    return folder


def pids(client):
    return list(client.run(os.getpid).values())


def test_a_cluster_writes_the_same_bytes(client, on_one_machine, tmp_path):
    outcome = ran(TEXT, tmp_path, client=client)
    assert outcome.manifest["status"] == "complete"
    assert lasting(tmp_path) == lasting(on_one_machine)


def test_a_worker_killed_on_the_way_loses_nothing(client, on_one_machine, tmp_path):
    def kill_once(done, *, already=False):
        if victims:
            os.kill(victims.pop(), signal.SIGKILL)

    victims = pids(client)[:1]
    outcome = ran(TEXT, tmp_path, client=client, advance=kill_once)
    assert (victims, outcome.failures) == ([], ())
    assert lasting(tmp_path) == lasting(on_one_machine)


@fs.policy("deadly")
def deadly(batch):
    """In turn; kills the process of a worker that has some budget to hand out."""
    from os import getpid, kill

    if getpid() != HERE and (batch.extra_executors == 20).any():
        kill(getpid(), 9)
    one = np.ones((1, 1, 1))
    return fs.Claims(0 * one, one, one)


def test_a_chunk_that_kills_its_workers_is_a_row_and_the_others_go_on(client, tmp_path):
    """Its neighbours, there whenever it killed, are not blamed; threads then finish the folder."""
    text = blocks(
        *[f"grid = {{ extra_executors = [{n}] }}" for n in range(15, 25)],
        policies='["deadly", "drf"]',
    )
    outcome = ran(text, tmp_path / "out", client=client)
    (failure,) = outcome.failures
    assert (failure.chunk, failure.start) == (5, 5)
    assert failure.message == "its worker was killed, each of 2 times that it was tried"
    assert outcome.manifest["kept"] == 9
    assert not [name for name in everything_in(tmp_path / "out") if "partial" in name]
    assert ran(text, tmp_path / "out").resumed == 9
    ran(text, tmp_path / "undisturbed")
    assert lasting(tmp_path / "out") == lasting(tmp_path / "undisturbed")


def test_threads_go_on_with_what_dask_began(client, on_one_machine, tmp_path):
    def interrupt(done, *, already=False):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ran(TEXT, tmp_path, client=client, advance=interrupt)
    outcome = ran(TEXT, tmp_path)
    assert outcome.resumed > 0
    assert lasting(tmp_path) == lasting(on_one_machine)


SCRIPT = """
import sys
import fairsched_fast as fs
import numpy as np
from distributed import Client

def halved(x):
    return x / 2

@fs.policy("fewest")
def fewest(batch, *, bonus=1):
    one = np.ones((1, 1, 1))
    return fs.Claims(halved(batch.executors[:, None]) + bonus, one, one)

if __name__ == "__main__":
    fs.run_sweep("mine.toml", "threads")
    with Client(sys.argv[1]) as client:
        outcome = fs.run_sweep("mine.toml", "dask", client=client)
    assert not outcome.failures, outcome.failures
"""


def test_policies_typed_into_a_program_travel(client, tmp_path, fairsched):
    """Those of `__main__`, whether that is the program or a `--policy-file`'s."""
    policies = '["drf", "fewest", { policy = "fewest", bonus = 2 }]'
    (tmp_path / "mine.toml").write_text(blocks("repeat = 9", "repeat = 7", policies=policies))
    (tmp_path / "mine.py").write_text(SCRIPT)
    address = client.scheduler.address
    subprocess.run([sys.executable, "mine.py", address], cwd=tmp_path, check=True, timeout=60)
    given = ("--scheduler", address, "--policy-file", "mine.py")
    code, out, _ = fairsched("sweep", "mine.toml", "--out", "command", *given)
    assert (code, "16 scenarios × 3 policies" in out) == (0, True)
    wanted = lasting(tmp_path / "threads")
    assert lasting(tmp_path / "dask") == lasting(tmp_path / "command") == wanted


@fs.key_policy("held")
def held(usage, demand, capacity, weight, executors):
    """Fewest executors held."""
    return executors / weight


def test_a_key_function_is_compiled_where_it_arrives(tmp_path):
    sweep = replace(parse_sweep(spec()), policies=(held,))
    (tmp_path / "spec.toml").write_text(sweep.text, encoding="utf-8")
    (there,) = cluster._unpacked(cluster.pack(sweep), tmp_path).policies
    assert there.function is not held.function
    assert there.description == "Fewest executors held."
    assert fs.allocate(sweep.base_scenario(), there).granted.tolist() == [[8, 7]]


def test_what_a_worker_must_have_is_said(tmp_path):
    sweep = parse_sweep(spec())
    packed = cluster.pack(sweep)
    with pytest.raises(StorageError, match="does not see this folder"):
        cluster._unpacked(packed, tmp_path)
    (tmp_path / "spec.toml").write_text(sweep.text + "\n", encoding="utf-8")
    with pytest.raises(StorageError, match="another by that name"):
        cluster._unpacked(packed, tmp_path)
    made_with, content = pickle.loads(packed)
    other = pickle.dumps(({**made_with, "numpy": "1.0"}, content))
    with refused("a worker has numpy", "(not 1.0)", "install the same"):
        cluster._unpacked(other, tmp_path)
    with refused("cannot load the sweep's policies", "see that what they import"):
        cluster._unpacked(pickle.dumps((made_with, b"cnowhere\nnothing\n.")), tmp_path)


def test_a_worker_that_cannot_work_ends_the_sweep_with_its_message(client, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "versions", lambda: dict.fromkeys(cluster.__dict__, "0"))
    with refused("cannot run chunks: KeyError"):
        ran(TEXT, tmp_path, client=client)


def test_options_that_do_not_go_together(fairsched, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "_PATIENCE", 0.5)
    (tmp_path / "mine.toml").write_text(blocks("repeat = 9"))
    given = ("sweep", "mine.toml", "--out", "out")
    code, _, err = fairsched(*given, "--workers", "2", "--dask-workers", "2")
    assert (code, "one of --workers, --dask-workers and --scheduler" in err) == (2, True)
    code, _, err = fairsched(*given, "--scheduler", "nonsense://here")
    assert (code, "where none answers" in err) == (2, True)
    with refused("expected a dask.distributed.Client"):
        ran(TEXT, tmp_path / "out", client="tcp://here")


def test_without_dask_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with refused("pip install 'fairsched-fast[dask]'"):
        ran(TEXT, tmp_path, client=object())
