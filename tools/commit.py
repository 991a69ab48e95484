"""Which commit a result comes from."""

import subprocess
from pathlib import Path


def checked_out(root: Path, untracked: bool = True) -> str | None:
    """The commit of the folder, with a + if files differ from it; None without git.

    untracked: whether files that git does not know count as a difference.
    """
    git = ["git", "-C", str(root)]
    others = "normal" if untracked else "no"
    status = [*git, "status", "--porcelain", f"--untracked-files={others}"]
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True)
        changes = subprocess.run(status, capture_output=True, text=True)
    except OSError:
        return None
    if head.returncode != 0:
        return None
    return head.stdout.strip() + ("+" if changes.stdout else "")
