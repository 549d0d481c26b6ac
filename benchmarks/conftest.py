"""Peers beside us: makes `import peers` work wherever the benchmarks are run from."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
