"""Nothing that is published holds a solution, a hidden check, a rubric or a wrong answer."""

import shutil

import pytest
from reading import ROOT, SITE

from tools.coursework.leaks import leaks, secrets
from tools.coursework.source import sources


@pytest.fixture(scope="module")
def hidden():
    return secrets(ROOT)


def test_the_site_holds_no_secret(site, hidden):
    assert leaks(hidden, site) == []


def test_the_ledgers_hold_no_secret(hidden, tmp_path):
    for path in SITE.parent.glob("*.json"):
        shutil.copy(path, tmp_path)
    assert leaks(hidden, tmp_path) == []


def test_every_assignment_has_secrets_to_keep(hidden):
    for assignment in sources(ROOT):
        kept = {where for where in hidden.values() if assignment.name in where}
        assert any(where.startswith("solution") for where in kept), assignment.name
        assert any(where.startswith("rubric") for where in kept), assignment.name
        module = assignment.name.replace("-", "_")
        assert f"assignments/checks/{module}.py" in hidden.values()


def test_assignments_have_no_button_to_the_repository(site):
    for assignment in sources(ROOT):
        page = site / "chapters" / "assignments" / f"{assignment.name}.html"
        text = page.read_text("utf-8")
        assert "dropdown-download-buttons" in text
        assert "dropdown-repository-buttons" not in text
        assert f"{assignment.name}.md?plain=1" not in text
