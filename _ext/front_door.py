"""The site's own front matter: the page at its root, the page for a wrong address, `.nojekyll`.

A page for a wrong address is served at whatever depth the wrong address has, so its links start at
the root of the site if that is known.
"""

import re
from pathlib import Path
from urllib.parse import urlsplit

from link_previews import tags
from site_address import base_url

REDIRECT = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta http-equiv="refresh" content="0; url={target}">
<link rel="canonical" href="{canonical}">{tags}
</head>
<body><p><a href="{target}">{title}</a></p></body>
</html>
"""

# an address inside the site: neither absolute nor an anchor
RELATIVE = re.compile(r'\b(href|src|action|data-content_root)="(?![a-z]+:|[/#])(?:\./)?([^"]*)"')


def collect_not_found(app):
    yield "404", {"title": "This page does not exist"}, "404.html"


def finish(app, exception):
    if exception is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    target = app.builder.get_target_uri(app.config.root_doc)
    (out / "index.html").write_text(
        REDIRECT.format(
            language=app.config.language,
            title=app.config.html_title,
            target=target,
            canonical=(base_url() or "") + target,
            tags=tags(app, app.config.root_doc),
        ),
        "utf-8",
    )
    # else GitHub Pages leaves out every folder whose name starts with an underscore
    (out / ".nojekyll").touch()
    if base_url():
        page = out / "404.html"
        page.write_text(from_the_root(page.read_text("utf-8"), urlsplit(base_url()).path), "utf-8")


def from_the_root(html, root):
    """The page with every address inside the site written from the site's root."""
    return RELATIVE.sub(lambda match: f'{match[1]}="{root}{match[2]}"', html)


def setup(app):
    app.connect("html-collect-pages", collect_not_found)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
