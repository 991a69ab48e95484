"""Takes out of every page the scripts that it does not use.

sphinx-thebe comes with jupyter-book and points at a public host; require.js and the widget renderer
serve live widgets, which a published page has none of. (FontAwesome's script goes with the
template `static/webpack-macros.html`, its icons come from `_static/icons.css`.)
"""

UNUSED = ("thebe", "require.min.js", "embed-amd.js")


def drop_unused(app, pagename, templatename, context, doctree):
    for kind in ("script_files", "css_files"):
        files = context.get(kind, [])
        files[:] = [file for file in files if not any(name in described(file) for name in UNUSED)]


def described(file):
    """A file's address and inline body in one string."""
    return f"{getattr(file, 'filename', file)} {getattr(file, 'attributes', {}).get('body', '')}"


def setup(app):
    app.connect("html-page-context", drop_unused, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
