"""The net catches: each fault, planted alone in a sound book, fails its build."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.book.fixtures import PREDICTED, PROOF, build_claims, changed, write_book

REASON = "No claim: the constant is not computable."


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    """The sound book, built by the command a person would use."""
    root = write_book(tmp_path_factory.mktemp("sound"))
    command = [sys.executable, "-m", "tools.build", "--root", str(root), "--no-site"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return root


@pytest.fixture
def rebuild(sound, tmp_path):
    """Build a changed copy; unchanged code is not executed again."""

    def run(page: str) -> tuple[int, str]:
        root = shutil.copytree(sound, tmp_path / "book")
        write_book(root, page)
        return build_claims(root)

    return run


def test_a_sound_book_stands(sound):
    ledger = json.loads((sound / "_build" / "ledger.json").read_text(encoding="utf-8"))
    assert ledger["problems"] == []
    (claim,) = ledger["claims"]
    assert claim["label"] == "thm-noise"
    assert claim["held"] is True
    assert claim["predicted"] == 0.5
    assert claim["resolution"] < 0.05
    assert claim["replicates"] == 2000
    (statement,) = ledger["statements"]
    assert statement["proof"] == "complete"
    assert statement["exercises"] == ["ex-noise"]
    assert statement["claims"] == [claim["id"]]


FAULTS_OF_EXECUTION = {
    "a wrong constant": (PREDICTED, f"1.05 * {PREDICTED}", "outside the band"),
    "a NaN": ("/ n, MonteCarlo", "/ n * float('nan'), MonteCarlo", "not finite"),
    "a Monte Carlo claim that resolves nothing": ("= 32, 64, 2000", "= 2, 4, 300", "resolves only"),
    "an error": ("noise = device", "noise = missing + device", "NameError"),
}


@pytest.mark.parametrize("fault", FAULTS_OF_EXECUTION)
def test_a_page_that_fails_fails_the_book(rebuild, fault):
    old, new, message = FAULTS_OF_EXECUTION[fault]
    status, said = rebuild(changed(old, new))
    assert status == 1
    assert message in said
    assert "chapters/index.md" in said


FAULTS_OF_STRUCTURE = {
    "a prediction by the measuring code": (
        PREDICTED,
        "(device.generator('x').normal(size=(replicates, p)) ** 2).sum() / replicates / n",
        "the prediction depends on measuring code",
    ),
    "a typed prediction": (PREDICTED, "p / n", "a typed number is no prediction"),
    "a missing proof": (PROOF, "", "has no proof"),
    "a missing exercise": ("{prf:ref}`thm-noise`", "The theorem", "has no exercise"),
    "neither claim nor reason": (
        ":label: thm-noise\n",
        ":label: thm-noise\n\nA statement.\n```\n\n"
        + PROOF
        + "```{prf:lemma}\n:label: lem-other\n",
        "`lem-other` has no claim",
    ),
    "a claim and a reason": (
        "the part $p/n$ of the noise.\n",
        f"the part $p/n$ of the noise.\n\n{REASON}\n",
        "has a claim and a `No claim:` paragraph",
    ),
}


@pytest.mark.parametrize("fault", FAULTS_OF_STRUCTURE)
def test_a_page_that_lacks_something_fails_the_book(rebuild, fault):
    old, new, message = FAULTS_OF_STRUCTURE[fault]
    status, said = rebuild(changed(old, new))
    assert status == 1
    assert message in said
    assert "chapters/index.md:" in said


def test_a_statement_may_say_why_it_has_no_claim(rebuild):
    page = changed(
        "```{exercise}",
        "```{prf:lemma} Other\n:label: lem-other\n\n"
        f"Something.\n\n{REASON}\n```\n\n{PROOF}```{{exercise}}",
    )
    page = changed("{prf:ref}`thm-noise`", "{prf:ref}`thm-noise` or {prf:ref}`lem-other`", page)
    status, said = rebuild(page)
    assert status == 0, said
