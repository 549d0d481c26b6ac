"""How the pages become a site: python -m sphinx -W --keep-going docs docs/_build/html."""

import re
import shutil
from pathlib import Path

import fairsched_fast

DOCS = Path(__file__).parent
EXAMPLE = "story.py"  # a page like the others, once it has been run
shutil.copy2(DOCS.parent / "examples" / EXAMPLE, DOCS / EXAMPLE)

project = "fairsched_fast"
version = release = fairsched_fast.__version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_nb"]
exclude_patterns = ["_build", "conf.py", "draw_claims.py"]
default_role = "code"  # what docstrings put in single backticks
nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]  # shapes and dtypes in docstrings are words, not links

myst_heading_anchors = 3
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "auto"
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_merge_streams = True

autodoc_typehints = "none"  # docstrings say more: shapes, units, what else is taken
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
add_module_names = False
python_maximum_signature_line_length = 80
napoleon_google_docstring = False
napoleon_custom_sections = [("Attributes", "params_style")]  # several names in a line

html_theme = "furo"
html_title = f"fairsched_fast {version}"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False


def plain_types(app, what, name, thing, options, lines):
    """`Mapping[str, float]`, not `collections.abc.Mapping[str, float]`."""
    for i, line in enumerate(lines):
        if line.startswith(":type "):
            lines[i] = re.sub(r"\b(?:collections\.abc|fairsched_fast(?:\.\w+)*)\.", "", line)


def whole_sentences(app, what, name, thing, options, lines):
    """Napoleon takes what stands before the colon of a property's first line for its type."""
    if what in ("attribute", "data", "property"):
        lines.insert(0, "\\ ")  # which prints nothing


def setup(app):
    app.connect("autodoc-process-docstring", whole_sentences, priority=100)  # before napoleon
    app.connect("autodoc-process-docstring", plain_types, priority=900)  # after it
