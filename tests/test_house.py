"""The house order: which module may import which, and what loads with what."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fairsched_fast

PACKAGE = Path(fairsched_fast.__file__).parent

# From the ground up: a module imports, when it is loaded, only from lines above its own. What a
# function imports when it is called is free: that is how a lower module offers a higher one's work
# (Batch.from_frame, Result.summary), and how the command line starts fast.
HOUSE = [
    ["errors", "columns", "moments", "progress", "compiling"],
    ["number_rules", "plain_text", "workers"],
    ["model"],
    ["batch"],
    ["claims", "metrics"],
    ["kernels"],
    ["policies"],
    ["dialects"],
    ["result", "lowering"],
    ["dispatch"],
    ["engine"],
    ["standing", "water_filling", "measures"],
    ["tables", "auditing"],
    ["why"],
    ["comparing"],
    ["charts", "story"],
    ["sweep"],
    ["report"],
    ["ahead", "doctor", "cli_parts"],
    ["cli"],
    ["__main__"],
]
SWEEP = ["scenarios", "folder", "running", "results"]  # the rooms of `sweep`, from the ground up
FLOOR = {module: floor for floor, modules in enumerate(HOUSE) for module in modules}


def loaded_imports(source):
    """Names of what a module imports when it is loaded: not in functions, not for type checks."""

    def visit(node):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            yield from visit(child)

    return set(visit(ast.parse(source.read_text(encoding="utf-8"))))


def part_of(path):
    """The module, or the folder of modules, that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


SOURCES = [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_downwards(source):
    own = part_of(source)
    assert own in FLOOR, f"give {own} its place in HOUSE"
    for name in loaded_imports(source):
        top, _, inner = name.partition(".")
        other = inner.split(".")[0]
        if top == "fairsched_fast" and other in FLOOR and other != own:
            assert FLOOR[other] < FLOOR[own], f"{own} imports {other}, which is not below it"


def test_every_room_is_a_package():
    assert [source for source in SOURCES if not (source.parent / "__init__.py").exists()] == []


@pytest.mark.parametrize("room", SWEEP)
def test_the_rooms_of_a_sweep_import_downwards(room):
    above = SWEEP[SWEEP.index(room) + 1 :]
    for source in PACKAGE.glob(f"sweep/{room}/*.py"):
        for name in loaded_imports(source):
            assert not name.startswith(tuple(f"fairsched_fast.sweep.{other}" for other in above))


@pytest.mark.parametrize("source", [*PACKAGE.glob("kernels/*.py")], ids=lambda path: path.name)
def test_kernels_know_nothing_but_numbers(source):
    packages = {name.split(".")[0] for name in loaded_imports(source)}
    assert packages <= {
        "__future__",
        "collections",
        "contextlib",
        "llvmlite",
        "fairsched_fast",
        "functools",
        "re",
        "math",
        "numba",
        "numpy",
        "platform",
        "pathlib",
        "typing",
    }


def modules_after(code):
    """The packages that are loaded once a fresh Python has run `code`."""
    tail = "\nimport sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    ran = subprocess.run(
        [sys.executable, "-c", code + tail], capture_output=True, text=True, check=True
    )
    return set(ran.stdout.split())


HEAVY = {"pandas", "matplotlib", "pyarrow", "pydantic", "typer", "rich"}


def test_the_package_alone_loads_no_numba():
    assert not modules_after("import fairsched_fast") & {*HEAVY, "numba", "numpy"}


def test_the_engine_loads_no_tables_charts_or_files():
    assert not modules_after("import fairsched_fast as fs; fs.allocate") & HEAVY


def test_a_whole_run_loads_no_tables_charts_or_files(compiled):
    run = """
import fairsched_fast as fs
pool = fs.Pool("pool", {"cpu": 4}, {"cpu": 1})
result = fs.allocate(fs.Scenario(pool, [fs.Job("a")], 3))
assert result.granted.tolist() == [[3]] and result.dominant_share.tolist() == [[0.75]]
"""
    assert not modules_after(run) & HEAVY


def test_every_public_name_is_there_and_is_no_module():
    for name in fairsched_fast.__all__:
        assert not isinstance(getattr(fairsched_fast, name), type(ast)), name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        fairsched_fast.nothing  # noqa: B018
