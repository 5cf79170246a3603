"""How Sphinx makes the book from what docs/book lays out; nothing is executed, nothing fetched."""

import sys
from pathlib import Path

# The chapters on the code are made from its docstrings.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

project = "Why neural networks generalize"
author = "the course's authors"
copyright = "the course's authors. Text and figures: CC BY 4.0, code: MIT"
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx-mathjax-offline", "docs.book.cells"]
myst_enable_extensions = ["dollarmath", "amsmath", "attrs_inline"]
myst_disable_syntax = ["myst_line_comment"]  # "99\n% interval" is text, as in JupyterLab
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_render_markdown_format = "gfm"
nb_ipywidgets_js = {}  # figures with sliders stand in the book as they were drawn last

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True  # as written, not the paths of the machine that built the book
autodoc_typehints_format = "short"
autodoc_default_options = {
    "members": True,
    "ignore-module-all": True,
}  # each thing where it is defined
autodoc_mock_imports = ["jax", "torch"]  # only those who asked for it have it
add_module_names = False
default_role = "literal"  # docstrings write code as `code`

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_js_files = ["search.js", "tables.js"]
html_favicon = "_static/favicon.svg"
html_domain_indices = html_use_index = False  # the search finds more
html_show_sphinx = False
html_context = {"default_mode": "auto"}  # light or dark, as the reader's machine is set
html_theme_options = {
    "show_navbar_depth": 1,
    "home_page_in_toc": True,
    "navbar_persistent": [],  # the search field stands in the side bar
    "use_fullscreen_button": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
