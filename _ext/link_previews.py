"""Describes each page to search engines and to whoever shows a preview of a link to it.

The description is the page's own (`description:` in its front matter). Addresses in this metadata
must be absolute, so the image and the page's address appear only where the site's address is known.
"""

from html import escape

from site_address import base_url

ICON = "_static/icon.png"  # for programs that cannot draw the SVG
SHARE_IMAGE = "_static/share.png"
SHARE_IMAGE_ALT = "Theorems That Run: a proven curve, and measured points that lie on it"


def tags(app, pagename):
    """The metadata of a page, as HTML."""
    title = app.env.titles[pagename].astext()
    description = app.env.metadata[pagename].get("description", "").strip()
    home = pagename == app.config.root_doc
    named = [
        ("property", "og:type", "website" if home else "article"),
        ("property", "og:site_name", app.config.html_title),
        ("property", "og:title", app.config.html_title if home else title),
        ("name", "twitter:card", "summary_large_image" if base_url() else "summary"),
    ]
    if description:
        named += [
            ("name", "description", description),
            ("property", "og:description", description),
        ]
    if site := base_url():
        named += [
            ("property", "og:url", site + app.builder.get_target_uri(pagename)),
            ("property", "og:image", site + SHARE_IMAGE),
            ("property", "og:image:width", "1200"),
            ("property", "og:image:height", "630"),
            ("property", "og:image:alt", SHARE_IMAGE_ALT),
        ]
    return "".join(
        f'\n<meta {kind}="{name}" content="{escape(value, quote=True)}" />'
        for kind, name, value in named
    )


def describe(app, pagename, templatename, context, doctree):
    icon = context["pathto"](ICON, 1)
    context["metatags"] = context.get("metatags", "") + (
        f'\n<link rel="icon" type="image/png" sizes="180x180" href="{icon}" />'
        f'\n<link rel="apple-touch-icon" href="{icon}" />'
    )
    if doctree is not None:
        context["metatags"] += tags(app, pagename)


def setup(app):
    app.connect("html-page-context", describe)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
