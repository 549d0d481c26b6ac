"""The audit of one case, the slow and obvious way: from the definitions, in plain Python.

A case is as in `naive.schedule`. Amounts are read as the decimals that people wrote.
"""

from fractions import Fraction


def exact(amounts):
    return [Fraction(str(n)) for n in amounts]


def executors(bundle, demand):
    """How many executors a bundle runs, fractions counted; None where an executor needs nothing."""
    return min((b / d for b, d in zip(bundle, demand, strict=True) if d > 0), default=None)


class Audit:
    """What the jobs of a case hold once each was granted so many executors."""

    def __init__(self, case, granted):
        self.case, self.granted, self.jobs = case, granted, case["jobs"]
        self.J = range(len(self.jobs))
        self.capacity = exact(case["capacity"])
        self.R = range(len(self.capacity))
        self.demand = [exact(job["demand"]) for job in self.jobs]
        self.weight = [Fraction(str(job.get("weight", 1))) for job in self.jobs]
        self.bundle = [
            [u + g * d for u, d in zip(exact(job["usage"]), demand, strict=True)]
            for job, demand, g in zip(self.jobs, self.demand, granted, strict=True)
        ]
        self.free = [self.capacity[r] - sum(b[r] for b in self.bundle) for r in self.R]
        self.overfull = min(self.free) < 0
        self.own = [executors(b, d) for b, d in zip(self.bundle, self.demand, strict=True)]

    def wanted(self, j):
        """Executors that job j may still be given, whether they fit or not."""
        job, left = self.jobs[j], []
        if job.get("max_executors") is not None:
            left.append(job["max_executors"] - job.get("executors", 0) - self.granted[j])
        for r, limit in enumerate(job.get("limit", [])):
            if limit is not None and self.demand[j][r] > 0:
                held = Fraction(str(job["usage"][r]))
                within = max(0, Fraction(str(limit)) - held) // self.demand[j][r]
                left.append(within - self.granted[j])
        user = job.get("user")
        cap = None if user is None else self.case["user_caps"][user]
        if cap is not None:
            mine = [k for k in self.J if self.jobs[k].get("user") == user]
            left.append(cap - sum(self.jobs[k].get("executors", 0) + self.granted[k] for k in mine))
        return max(0, min(left, default=10**9))

    def utility(self, j, bundle):
        return min(executors(bundle, self.demand[j]), self.own[j] + self.wanted(j))

    def envy(self, less=0):
        """The largest, once `less` executors granted to the envied are taken away; None: nobody."""
        found = [
            self.utility(i, [self.weight[i] / self.weight[j] * b for b in taken]) - self.own[i]
            for j in self.J
            if self.weight[j] > 0
            for taken in [self._less(j, min(less, self.granted[j]))]
            for i in self.J
            if i != j and self.weight[i] > 0 and self.own[i] is not None
        ]
        return max(0, *found) if found else None

    def _less(self, j, count):
        return [b - count * d for b, d in zip(self.bundle[j], self.demand[j], strict=True)]

    def fits(self, j):
        wants = self.own[j] is not None and self.wanted(j) > 0
        return wants and all(
            d == 0 or d <= free for d, free in zip(self.demand[j], self.free, strict=True)
        )

    def sharing(self):
        """The worst ratio to one's own part of the pool and the largest lack; None: not judged."""
        total, fitting = sum(self.weight), any(map(self.fits, self.J))
        spent = sum(self.granted) == self.case["extra_executors"]
        if self.overfull or (spent and fitting) or total == 0:
            return None, None
        splits = [
            (self.own[j], self.utility(j, [c * self.weight[j] / total for c in self.capacity]))
            for j in self.J
            if self.own[j] is not None and self.weight[j] > 0
        ]
        splits = [(own, split) for own, split in splits if split > 0]
        if not splits:
            return None, None
        return min(own / split for own, split in splits), max(
            0, *(split - own for own, split in splits)
        )

    def still_fit(self):
        return None if self.overfull else sum(map(self.fits, self.J))

    def stranded(self, r):
        if self.overfull or self.capacity[r] == 0:
            return None
        need = [j for j in self.J if self.own[j] is not None and self.demand[j][r] > 0]
        if any(self.fits(j) for j in need):
            return None
        return self.free[r] / self.capacity[r] if any(self.wanted(j) > 0 for j in need) else 0
