"""Make `.venv` and put the exact pins of requirements.txt into it, once.

Only the standard library, and only syntax that Python 3.6 can read: whoever starts this with the
wrong Python gets a sentence instead of a traceback.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys

OLDEST, NEWEST = (3, 11), (3, 13)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "pins.sha256")
LOG = os.path.join(ROOT, "pip.log")
BIN = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
VENV_PYTHON = os.path.join(BIN, "python.exe" if os.name == "nt" else "python")


def supported(version):
    """Whether a (major, minor) version can run the book."""
    return OLDEST <= tuple(version[:2]) <= NEWEST


def find_python():
    """This Python if the book runs on it, else another one on the PATH, else None."""
    if supported(sys.version_info):
        return sys.executable
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        candidate = shutil.which(f"python3.{minor}")
        if (
            candidate
            and subprocess.call(
                [candidate, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            == 0
        ):
            return candidate
    return None


def pins_digest():
    """What the environment depends on; a change in any of it makes the environment anew."""
    digest = hashlib.sha256()
    for name in ("requirements.txt", "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as handle:
            digest.update(handle.read())
    digest.update(ROOT.encode())
    return digest.hexdigest()


def is_ready():
    """Whether `.venv` holds the pins; the stamp is the last thing that an installation writes."""
    if not (os.path.exists(STAMP) and os.path.exists(VENV_PYTHON)):
        return False
    with open(STAMP) as handle:
        return handle.read() == pins_digest()


def open_pages_as_notebooks():
    """Let JupyterLab open the book's Markdown pages as notebooks, in this environment only."""
    folder = os.path.join(VENV, "etc", "jupyter", "labconfig")
    os.makedirs(folder, exist_ok=True)
    viewers = {"markdown": "Jupytext Notebook", "myst": "Jupytext Notebook"}
    with open(os.path.join(folder, "default_setting_overrides.json"), "w") as handle:
        json.dump({"@jupyterlab/docmanager-extension:plugin": {"defaultViewers": viewers}}, handle)


def install(python):
    """Create `.venv` with `python` and install; returns an error in one sentence, or None."""
    print("Setting up .venv with the pins of requirements.txt (a few minutes, once) ...")
    sys.stdout.flush()
    if subprocess.call([python, "-m", "venv", "--clear", VENV]) != 0:
        return "Python could not create .venv: install its venv module and run the command again."
    pip = [VENV_PYTHON, "-m", "pip", "--disable-pip-version-check", "install"]
    requirements = os.path.join(ROOT, "requirements.txt")
    with open(LOG, "w") as log:
        process = subprocess.Popen(
            pip + ["--no-input", "-r", requirements],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
        )
        for line in process.stdout or ():
            log.write(line)
            if line.startswith("Collecting "):
                print("  " + line.split()[1], flush=True)
        code = process.wait()
    if code != 0:
        with open(LOG) as log:
            text = log.read()
        offline = ("Failed to establish", "NewConnectionError", "Temporary failure", "ProxyError")
        if any(sign in text for sign in offline):
            return (
                "No package registry could be reached: connect to the network and run the "
                "command again (details in pip.log)."
            )
        return "pip could not install requirements.txt: the reason is at the end of pip.log."
    open_pages_as_notebooks()
    with open(STAMP + ".new", "w") as handle:
        handle.write(pins_digest())
    os.replace(STAMP + ".new", STAMP)
    os.remove(LOG)
    return None


def main():
    if is_ready():
        return 0
    python = find_python()
    if python is None:
        sys.stderr.write(
            f"The book needs Python 3.{OLDEST[1]} to 3.{NEWEST[1]} and this is "
            f"{sys.version_info[0]}.{sys.version_info[1]}: install one of them, or name it as in "
            "`make book PYTHON=/path/to/python3.12`.\n"
        )
        return 1
    error = install(python)
    if error:
        sys.stderr.write(error + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
