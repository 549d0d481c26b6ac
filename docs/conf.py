"""How the pages become a site: python -m sphinx -W --keep-going docs docs/_build/html."""

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
nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]  # shapes and dtypes in docstrings are words, not links

myst_heading_anchors = 3
suppress_warnings = ["myst.header"]
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
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"fairsched_fast {version}"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
