"""The notebook's scenario, and what the notebook prints of it."""

import fairsched_fast as fs

POOL = fs.Pool("Batch", capacity={"cpu": 200, "mem_gb": 800}, executor={"cpu": 2, "mem_gb": 16})
JOBS = [
    fs.Job("Heaviest_Job", usage={"cpu": 60, "mem_gb": 240}, max_executors=30),
    fs.Job("Medium_Job", usage={"cpu": 40, "mem_gb": 240}, max_executors=30),
    fs.Job("Light_Eval_Job", usage={"cpu": 20, "mem_gb": 40}, max_executors=30),
]
SCENARIO = fs.Scenario(POOL, JOBS, extra_executors=15)

ROUND_ROBIN_ORDER = ["Heaviest_Job", "Medium_Job", "Light_Eval_Job"] * 5
DRF_ORDER = ["Light_Eval_Job"] * 13 + ["Heaviest_Job", "Medium_Job"]

SUMMARY_COLUMNS = [
    "job",
    "cpu_alloc",
    "mem_alloc_gb",
    "cpu_share",
    "mem_share",
    "dominant_share",
    "executors_added",
]
ROUND_ROBIN_SUMMARY = [
    ["Light_Eval_Job", 30, 120, 0.15, 0.15, 0.15, 5],
    ["Heaviest_Job", 70, 320, 0.35, 0.4, 0.4, 5],
    ["Medium_Job", 50, 320, 0.25, 0.4, 0.4, 5],
]
DRF_SUMMARY = [
    ["Light_Eval_Job", 46, 248, 0.23, 0.31, 0.31, 13],
    ["Heaviest_Job", 62, 256, 0.31, 0.32, 0.32, 1],
    ["Medium_Job", 42, 256, 0.21, 0.32, 0.32, 1],
]
LIGHT_EVAL_UNDER_DRF = [
    *(0.1, 0.11, 0.12, 0.13, 0.14, 0.15, 0.17, 0.19),
    *(0.21, 0.23, 0.25, 0.27, 0.29, 0.31, 0.31, 0.31),
]


def run(policy, scenario=SCENARIO, **options):
    return fs.allocate(scenario, policy, **options)
