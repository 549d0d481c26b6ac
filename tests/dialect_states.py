"""Writing a scheduler's records as the states and scenarios that dialects take."""

import fairsched_fast as fs


def served(result):
    """Names of the jobs that were given each executor of a Result's first row, in turn."""
    names = result.batch.job_names(0)
    return [names[j] for j in result.choices[0, : result.steps[0]].tolist()]


def granted(result):
    """Executors given to each job of a Result's first row, by name."""
    return dict(zip(result.batch.job_names(0), result.granted[0].tolist(), strict=True))


def run(dialect, capacity, jobs, extra_executors=1000, **options):
    """A run of one pool; `jobs` are Job's keywords by name."""
    members = [fs.Job(name, **words) for name, words in jobs.items()]
    scenario = fs.Scenario(fs.Pool("pool", capacity), members, extra_executors)
    return fs.allocate(scenario, dialect, **options)


def order_of(dialect, capacity, jobs):
    """The jobs of a moment, who is served next first."""
    return fs.find_policy(dialect).order({"capacity": capacity, "jobs": jobs})


def mesos_orders(events, resources=("cpus", "mem")):
    """Replay a Mesos sorter's log: (what the dialect says, what the log says) of every sort."""
    capacity, jobs, sleeping = {}, {}, set()
    for what, *rest in events:
        if what == "total":
            capacity = dict(zip(resources, rest[0], strict=True))
        elif what == "sort":
            awake = {name: job for name, job in jobs.items() if name not in sleeping}
            yield fs.dialect("mesos").order({"capacity": capacity, "jobs": awake}), rest[0]
        elif what == "add":
            jobs[rest[0]] = {"usage": dict.fromkeys(resources, 0), "executors": 0}
        elif what == "remove":
            del jobs[rest[0]]
        elif what == "weight":
            jobs[rest[0]]["weight"] = rest[1]
        elif what == "deactivate":
            sleeping.add(rest[0])
        elif what == "activate":
            sleeping.discard(rest[0])
        else:
            name, amounts = rest
            sign = {"alloc": 1, "unalloc": -1}[what]
            for resource, amount in zip(resources, amounts, strict=True):
                jobs[name]["usage"][resource] += sign * amount
            jobs[name]["executors"] += what == "alloc"  # a count that never goes down


def kai_state(total, queues, resource="gpu"):
    """KAI's queues as a state: dicts of deserved, weight, request, max, priority, by name."""
    jobs = {}
    for name, queue in queues.items():
        job = jobs[name] = {"demand": {resource: queue["request"]}, "max_executors": 1}
        job["guarantee"] = {resource: queue.get("deserved", 0)}
        if queue.get("max") is not None:
            job["limit"] = {resource: queue["max"]}
        for word in ("weight", "priority", "submitted"):
            if word in queue:
                job[word] = queue[word]
    return {"capacity": {resource: total}, "jobs": jobs}


def kai_division(total, queues, **parameters):
    """What KAI's division gives each queue of one resource, in list order."""
    shares = fs.dialect("kai", **parameters).fair_share(kai_state(total, queues))
    return [share["gpu"] for share in shares.values()]
