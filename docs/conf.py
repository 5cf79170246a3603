"""How Sphinx makes the book from what docs/book lays out. Nothing is executed and nothing fetched."""

import sys
from pathlib import Path

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent)
)  # the pages on the helpers are made from their docstrings

project = "Why neural networks generalize"
author = "the course's authors"
copyright = "the course's authors. Text and figures: CC BY 4.0, code: MIT"
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx-mathjax-offline", "docs.book.cells"]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_render_markdown_format = "gfm"
nb_ipywidgets_js = {}  # figures with sliders stand in the book as they were drawn last

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True}
autodoc_mock_imports = [
    "jax"
]  # a room that needs it is there, the package only for those who asked for it
add_module_names = False
default_role = "literal"  # docstrings write code as `code`

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["book.css"]
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
