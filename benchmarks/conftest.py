"""Peers beside us: makes `import peers` work wherever the benchmarks are run from."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def pytest_xdist_auto_num_workers() -> int:
    """What is timed has the machine to itself."""
    return 0
