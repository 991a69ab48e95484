"""Describes each page to search engines and to whoever shows a preview of a link to it.

The description is the page's own (`description:` in its front matter). Addresses in this metadata
must be absolute, so the image and the page's address appear only where the site's address is known.
"""

from html import escape

from site_address import base_url

SHARE_IMAGE = "_static/share.png"
SHARE_IMAGE_ALT = "Theorems That Run: a proven curve, and measured points that lie on it"


def describe(app, pagename, templatename, context, doctree):
    if doctree is None:
        return
    title = app.env.titles[pagename].astext()
    description = app.env.metadata[pagename].get("description", "").strip()
    home = pagename == app.config.root_doc
    tags = [
        ("property", "og:type", "website" if home else "article"),
        ("property", "og:site_name", app.config.html_title),
        ("property", "og:title", app.config.html_title if home else title),
        ("name", "twitter:card", "summary_large_image" if base_url() else "summary"),
    ]
    if description:
        tags += [
            ("name", "description", description),
            ("property", "og:description", description),
        ]
    if base_url():
        tags += [
            ("property", "og:url", base_url() + app.builder.get_target_uri(pagename)),
            ("property", "og:image", base_url() + SHARE_IMAGE),
            ("property", "og:image:width", "1200"),
            ("property", "og:image:height", "630"),
            ("property", "og:image:alt", SHARE_IMAGE_ALT),
        ]
    context["metatags"] = context.get("metatags", "") + "".join(
        f'\n<meta {kind}="{name}" content="{escape(value, quote=True)}" />'
        for kind, name, value in tags
    )


def setup(app):
    app.connect("html-page-context", describe)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
