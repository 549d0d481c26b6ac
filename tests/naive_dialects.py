"""The slow, obvious dialects: each scheduler's comparison in plain Python, exact, grant by grant.

Written from what `dialect(name).about` declares; it imports nothing from the package. One pool, and
executors handed out one at a time, each to the job that comes first. Read `schedule` first. A case
is a dict: `capacity` lists what there is of each resource; `jobs` are dicts whose `usage` and
`demand` list quantities, and `guarantee` and `limit` quantities or None.
"""

import math
from fractions import Fraction


def schedule(dialect, case, parameters, on_full="skip"):
    """The jobs that were given each executor, in turn."""
    pool = Pool(case)
    first = COMPARISONS[dialect]
    if dialect == "kai":
        parameters = {**parameters, "fair": kai_division(case, **parameters)}
    waiting, order = set(range(pool.J)), []
    while len(order) < case["extra_executors"]:
        waiting = {j for j in waiting if pool.room(j) > pool.granted[j]}
        if not waiting:
            break
        chosen = min(waiting, key=lambda j: first(pool, j, **parameters))
        if on_full != "ignore" and not pool.fits(chosen):
            if on_full == "stop":
                break
            waiting.remove(chosen)
            continue
        pool.granted[chosen] += 1
        order.append(chosen)
    return order


def exactly(amounts):
    return [None if amount is None else Fraction(amount) for amount in amounts]


class Pool:
    """The pool, its jobs, and who was granted how much so far."""

    def __init__(self, case):
        quantities = ("usage", "demand", "guarantee", "limit")
        self.capacity = exactly(case["capacity"])
        self.jobs = [{**job, **{q: exactly(job[q]) for q in quantities}} for job in case["jobs"]]
        self.J, self.R = len(self.jobs), len(self.capacity)
        self.granted = [0] * self.J

    def held(self, j, more=0):
        """What a job holds of each resource, once it is granted `more` executors."""
        job, count = self.jobs[j], self.granted[j] + more
        return [u + count * d for u, d in zip(job["usage"], job["demand"], strict=True)]

    def executors(self, j):
        return self.jobs[j]["executors"] + self.granted[j]

    def counts(self, r):
        """Whether there is any of a resource, or somebody uses it."""
        used = any(job["usage"][r] or job["demand"][r] for job in self.jobs)
        return used or self.capacity[r] > 0

    def room(self, j):
        """How many executors its ceiling and its limits leave a job, of all of this run."""
        job, rooms = self.jobs[j], [math.inf]
        if job["max_executors"] is not None:
            rooms.append(job["max_executors"] - job["executors"])
        for usage, demand, limit in zip(job["usage"], job["demand"], job["limit"], strict=True):
            if limit is not None and demand > 0:
                rooms.append(max(limit - usage, 0) // demand)
        return min(rooms)

    def fits(self, j):
        free = list(self.capacity)
        for i in range(self.J):
            free = [left - used for left, used in zip(free, self.held(i), strict=True)]
        return all(
            demand == 0 or demand <= left
            for demand, left in zip(self.jobs[j]["demand"], free, strict=True)
        )

    def shares(self, amounts, kept=None):
        """Of each resource that there is any of, or of those kept."""
        return [
            amount / capacity
            for r, (amount, capacity) in enumerate(zip(amounts, self.capacity, strict=True))
            if capacity > 0 and (kept is None or r in kept)
        ]

    def kept(self, exclude):
        return [r for r in range(self.R) if f"r{r}" not in exclude]

    def guarantee(self, j, r):
        return self.jobs[j]["guarantee"][r] or 0


def weight_of(job):
    return Fraction(repr(job["weight"]))


def over_weight(value, job):
    """A share over the weight; with weight 0 last, compared as if the weight were 1."""
    weight = weight_of(job)
    return (weight == 0, value / (weight or 1))


def mesos(pool, j, exclude=()):
    job, held = pool.jobs[j], pool.held(j)
    unmet = any(job["demand"][r] > 0 and held[r] < pool.guarantee(j, r) for r in range(pool.R))
    share = max([0, *pool.shares(held, pool.kept(exclude))])
    if job["weight"] == 0:
        share = 0  # all alike, after all others of their stage
    return not unmet, *over_weight(share, job), pool.executors(j), job["name"]


def yarn(pool, j, exclude=()):
    job, held, kept = pool.jobs[j], pool.held(j), pool.kept(exclude)

    def over(amount, whole):
        if whole > 0:
            return amount / whole
        return math.inf if amount > 0 else 0

    share = {r: over(held[r], pool.capacity[r]) for r in kept}
    ranks = sorted(kept, key=lambda r: -share[r])  # of equal ones the first
    dominant = ranks[0]
    needy = held[dominant] < pool.guarantee(j, dominant)
    if needy:
        ratios = [over(held[r], pool.guarantee(j, r)) for r in ranks]
    elif job["weight"] == 0:
        return 2, [], job["submitted"], job["name"]
    else:
        ratios = [share[r] / weight_of(job) for r in ranks]
    return not needy, ratios, job["submitted"], job["name"]


def spark(pool, j):
    job, running = pool.jobs[j], pool.executors(j)
    least = job["min_executors"]
    if running < least:
        return 0, False, Fraction(running, max(least, 1)), job["name"]
    return 1, *over_weight(Fraction(running), job), job["name"]


def volcano(pool, j):
    return max([0, *pool.shares(pool.held(j))]), pool.jobs[j]["submitted"], j


def kueue(pool, j, non_borrowing_first=True, flavors=None):
    job, after = pool.jobs[j], pool.held(j, more=1)
    beyond = [max(after[r] - pool.guarantee(j, r), 0) for r in range(pool.R)]
    groups = [[int(name[1:]) for name in names] for names in (flavors or {}).values()]
    named = {r for group in groups for r in group}
    groups += [[r] for r in range(pool.R) if r not in named]
    share = Fraction(0)
    for group in groups:
        lendable = sum(pool.capacity[r] for r in group)
        if lendable > 0:
            share = max(share, 1000 * sum(beyond[r] for r in group) / lendable)
    borrows = any(job["demand"][r] > 0 and beyond[r] > 0 for r in range(pool.R))
    last, key = over_weight(share, job)
    return (
        non_borrowing_first and borrows,
        last and share > 0,
        key,
        -job["priority"],
        job["submitted"],
        j,
    )


def yunikorn(pool, j, priority_first=False):
    job, share = pool.jobs[j], Fraction(0)
    for r, used in enumerate(pool.held(j)):
        stated = (job["guarantee"][r], job["limit"][r], pool.capacity[r])
        whole = next(amount for amount in stated if amount is not None)
        if used > 0:
            share = max(share, used / whole if whole > 0 else 1)
    size = sum(pool.shares(job["demand"]))
    count = job["max_executors"]  # what it asks for: its limit does not make it ask for less
    waiting = math.inf if count is None else count - job["executors"] - pool.granted[j]
    pending = 0 if size == 0 else waiting * size
    order = (-job["priority"], share) if priority_first else (share, -job["priority"])
    return *order, -pending, j


def armada(pool, j, exclude=(), multipliers=None):
    job, after = pool.jobs[j], pool.held(j, more=1)
    kept = range(pool.R) if multipliers else pool.kept(exclude)
    factors = [
        Fraction(repr(multipliers.get(f"r{r}", 0))) if multipliers else 1 for r in range(pool.R)
    ]
    costs = pool.shares([f * a for f, a in zip(factors, after, strict=True)], kept)
    last, cost = over_weight(max([0, *costs]), job)
    return last, -job["priority"], cost, job["name"]


def kai(pool, j, fair, grain=None):
    job, held, after = pool.jobs[j], pool.held(j), pool.held(j, more=1)
    resources = range(pool.R)
    key = Fraction(0)
    for r in resources:
        allowed = max(pool.guarantee(j, r), fair[j][r])
        if job["limit"][r] is not None:
            allowed = min(allowed, job["limit"][r])
        key = max(key, after[r] / allowed if allowed > 0 else 1000 * after[r])
    if all(after[r] <= pool.guarantee(j, r) for r in resources):
        stage = 0
    elif not all(held[r] > fair[j][r] for r in resources if pool.counts(r)):
        stage = 1
    else:
        stage = 2
    return stage, -job["priority"], key, job["submitted"], job["name"]


COMPARISONS = {
    comparison.__name__: comparison
    for comparison in (armada, kai, kueue, mesos, spark, volcano, yarn, yunikorn)
}


def kai_division(case, grain=None):
    """KAI's fair shares: for each job, an amount of each resource."""
    pool = Pool(case)
    columns = [
        divide_one(
            total,
            [kai_queue(job, r) for job in pool.jobs],
            Fraction(repr((grain or {}).get(f"r{r}", 1))),
        )
        for r, total in enumerate(pool.capacity)
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def kai_queue(job, r):
    """What the division reads of a queue; it asks for all that its ceiling allows."""
    count = job["max_executors"]
    more = math.inf if count is None else count - job["executors"]
    request = job["usage"][r] + (more * job["demand"][r] if job["demand"][r] > 0 else 0)
    limit = job["limit"][r]
    return {
        "want": request if limit is None else min(request, limit),
        "deserved": job["guarantee"][r] or 0,
        "weight": weight_of(job),
        "priority": job["priority"],
        "age": (job["submitted"], job["name"]),
    }


def divide_one(total, queues, step):
    """One resource among queues: what is deserved, then rounds by weight, then single steps."""
    fair = [min(queue["deserved"], queue["want"]) for queue in queues]
    left = max(total - sum(fair), 0)
    records = {}
    levels = sorted({queue["priority"] for queue in queues}, reverse=True)
    for level in levels:
        again = left > 0
        while again:
            again, give = False, left
            hungry = [
                q
                for q, queue in enumerate(queues)
                if queue["priority"] == level and queue["want"] > fair[q]
            ]
            weights = sum(queues[q]["weight"] for q in hungry)
            for q in hungry if weights else ():
                if queues[q]["weight"] == 0:
                    continue
                share, missing = give * queues[q]["weight"] / weights, queues[q]["want"] - fair[q]
                if missing <= share:
                    given = missing
                    records.pop(q, None)
                    again |= missing < share
                else:
                    given = share // step * step
                    if share > given:
                        records[q] = share - given
                fair[q] += given
                left -= given
            again &= left > 0
    for level in levels:
        owed = [q for q in records if queues[q]["priority"] == level]
        for q in sorted(owed, key=lambda q: (-records[q], queues[q]["age"])):
            fair[q] += min(step, left)
            left -= min(step, left)
    return fair
