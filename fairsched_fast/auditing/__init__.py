"""The audit: how fair and how sound allocations are, and what a lie or a change would do to them.

`allocators` (how scenarios are served), `holdings` (what jobs hold and make of it), `verdicts` (of
each scenario as it ended), `changes` (the same scenarios, changed in one respect) and `probes` (run
them, find the worst), `findings` (all of it), `words` (columns and sentences), `report` (the public
functions).
"""
