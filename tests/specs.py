"""Sweep files to start from, as text, and what they mean."""

from fairsched_fast.sweep.scenarios.reading import parse_sweep

POOL = """
[[pool]]
name = "Batch"
capacity = { cpu = 200, mem_gb = 800 }
executor = { cpu = 2, mem_gb = 16 }
"""
JOBS = """
[[job]]
name = "Heavy"
usage = { cpu = 60, mem_gb = 240 }
max_executors = 30

[[job]]
name = "Light"
usage = { cpu = 20, mem_gb = 40 }
max_executors = 30
"""
TWO_POOLS = """
[[pool]]
name = "Batch"
capacity = { cpu = 200, mem_gb = 800 }
executor = { cpu = 2, mem_gb = 16 }

[[pool]]
name = "Night"
capacity = { gpu = 8, cpu = 64 }
executor = { gpu = 1, cpu = 4 }

[[job]]
name = "etl.nightly"
pool = "Batch"
user = "ana"
usage = { cpu = 60, mem_gb = 240 }
max_executors = 30
weight = 2

[[job]]
name = "ad hoc"
pool = "Batch"
user = "bo"
usage = { cpu = 20 }
executors = 2

[[job]]
name = "reports"
pool = "Batch"
user = "ana"
demand = { cpu = 1, mem_gb = 40 }

[[job]]
name = "training"
pool = "Night"
user = "ana"
usage = { gpu = 2, cpu = 8 }
executors = 2
weight = 0.5

[[job]]
name = "evaluation"
pool = "Night"
"""
BUDGETS = "{ Batch = 15, Night = 5 }"
CSV = "name,cores,mib,slots\n" + "".join(
    f"pod-{i},{500 * (i + 1)},{1024 * (i % 5)},{i + 1}\n" for i in range(12)
)
TABLE = """
[jobs]
csv = "pods.csv"
sample = 3
demand = { cpu = { column = "cores", factor = 0.001 }, mem_gb = { column = "mib", factor = 1e-3 } }
max_executors = "slots"
"""


def spec(body="", *, pools=POOL, jobs=JOBS, **keys):
    """The text of a sweep file: top-level keys as TOML writes them, then sections."""
    top = {
        "schema": 1,
        "name": '"test"',
        "seed": 7,
        "policies": '["round_robin", "drf"]',
        "extra_executors": 15,
        **keys,
    }
    lines = "\n".join(f"{key} = {value}" for key, value in top.items())
    return f"{lines}\n{pools}{jobs}\n{body}"


def blocks(*texts, **keys):
    """The text of a sweep file with these blocks."""
    return spec("\n".join(f"[[block]]\n{text}\n" for text in texts), **keys)


def two_pools(*texts, **keys):
    """As `blocks`, of two pools whose jobs have weights, users and demands of their own."""
    settings = {"pools": TWO_POOLS, "jobs": "", "extra_executors": BUDGETS, **keys}
    return blocks(*texts, **settings)


def sweep_of(*texts, **keys):
    """What a sweep file with these blocks means."""
    return parse_sweep(blocks(*texts, **keys))


def drawn_from(folder, body="", *, table=TABLE, csv=CSV):
    """A sweep whose jobs are drawn from a table that lies in `folder`."""
    (folder / "pods.csv").write_text(csv, encoding="utf-8")
    return parse_sweep(spec(body, jobs=table), "spec", folder)
