"""Where the book lives: its repository and its address, if the environment says so.

`GITHUB_REPOSITORY` (owner/name, set by GitHub's own runners) gives the repository and the address
that Pages derives from it; `BOOK_URL` gives an address of your own and wins. Without either the
site has no absolute address and shows no button that would need one.
"""

from __future__ import annotations

import os
import re


def repository() -> str | None:
    """`owner/name`, or None."""
    name = os.environ.get("GITHUB_REPOSITORY", "").strip()
    return name if re.fullmatch(r"[\w.-]+/[\w.-]+", name) else None


def base_url() -> str | None:
    """The address of the site with a slash at its end, or None."""
    if own := os.environ.get("BOOK_URL", "").strip():
        return own.rstrip("/") + "/"
    name = repository()
    if name is None:
        return None
    owner, name = name.split("/")
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"
