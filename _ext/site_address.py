"""Where the book lives: its repository and its address, if the environment says so.

`GITHUB_REPOSITORY` (owner/name, set by GitHub's own runners) gives the repository and the address
that Pages derives from it; `BOOK_URL` gives an address of your own and wins. Without either the
site has no absolute address and shows no button that would need one.
"""

import os
import re


def repository():
    """`owner/name`, or None."""
    name = os.environ.get("GITHUB_REPOSITORY", "").strip()
    return name if re.fullmatch(r"[\w.-]+/[\w.-]+", name) else None


def base_url():
    """The address of the site with a slash at its end, or None."""
    if own := os.environ.get("BOOK_URL", "").strip():
        return own.rstrip("/") + "/"
    if repository() is None:
        return None
    owner, name = repository().split("/")
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def set_base_url(app, config):
    config.html_baseurl = base_url() or ""


def setup(app):
    app.connect("config-inited", set_base_url)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
