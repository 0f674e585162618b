"""How the pages become a site: `python scripts/make_docs.py`. Nothing is fetched, and nothing in the site fetches."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import likewise

project = "likewise"
author = "the likewise authors"
version = release = likewise.__version__
extensions = ["myst_parser", "sphinx_copybutton", "sphinx_design", "site_parts"]
exclude_patterns = ["_build"]
html_theme = "pydata_sphinx_theme"
html_title = "likewise"
html_show_copyright = False
html_theme_options = {
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["sphinx-version"],
    "footer_end": ["theme-version"],
    "show_prev_next": False,
}
html_context = {"default_mode": "auto"}
html_static_path = ["static"]
html_css_files = ["site.css"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
suppress_warnings = ["misc.highlighting_failure", "myst.header"]
copybutton_exclude = ".linenos, .gp, .go"
