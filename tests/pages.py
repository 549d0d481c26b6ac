"""Pages that are run as a reader would: block by block, and what they say is printed is printed."""

import contextlib
import doctest
import io
import re
import subprocess
from pathlib import Path

FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# ([\w.]+)\n")  # a block that begins so is a file of that name
INSTALLING = ("python3 -m venv", "pip install")
_LOOSELY = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Page:
    """A page's blocks, run in the current folder; `fairsched` runs a command in this process."""

    def __init__(self, path, fairsched):
        self.path, self.fairsched = path, fairsched
        self.names = {}
        self.printed = ""

    def run(self, until=None):
        """Run the blocks in turn, up to one that holds `until`; how many there were."""
        text = self.path.read_text(encoding="utf-8")
        blocks = FENCED.findall(text if until is None else text.partition(until)[0])
        for language, block in blocks:
            if named := FILE.match(block):
                Path(named[1]).write_text(block, encoding="utf-8")
            else:
                getattr(self, f"run_{language}", lambda block: None)(block)
        return len(blocks)

    def run_sh(self, block):
        for line in block.splitlines():
            if line.startswith("fairsched "):
                code, self.printed, complaint = self.fairsched(*line.partition("#")[0].split()[1:])
                assert code == 0, (line, complaint)
            elif not line.startswith(INSTALLING):
                subprocess.run(line, shell=True, check=True)

    def run_python(self, block):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(block, self.path.name, "exec"), self.names)
        self.printed = said.getvalue()

    def run_text(self, block):
        """What the page shows is a part of what the last block printed; `...` is anything."""
        shown = f"...{block.strip()}..."
        found = doctest.OutputChecker().check_output(shown, self.printed, _LOOSELY)
        assert found, f"{self.path.name} shows\n{block}\nand printed was\n{self.printed}"
