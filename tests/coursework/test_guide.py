"""The lecturer's guide names commands that exist, with variables that they read."""

import re
from pathlib import Path

import pytest

from tools.coursework.levels import LEVELS

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "chapters" / "appendix" / "teaching.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"(?m)^(\w+):[^\n]*\n((?:\t[^\n]*\n?)*)", MAKEFILE))
COMMANDS = re.findall(r"(?m)^\s*make (\w+)([^\n`]*)$", GUIDE) + re.findall(
    r"`make (\w+)([^`]*)`", GUIDE
)


@pytest.mark.parametrize(("target", "arguments"), sorted(set(COMMANDS)))
def test_commands_exist(target, arguments):
    for variable in re.findall(r"([A-Z]+)=", arguments):
        assert f"$({variable})" in RECIPES[target] or f",{variable})" in RECIPES[target]
    assert RECIPES[target]


def test_the_whole_cycle_is_there():
    named = {target for target, _ in COMMANDS}
    assert {"release", "grade", "proofs", "marks", "feedback", "solutions", "page"} <= named


def test_every_level_of_isolation_is_described():
    assert re.findall(r"(?m)^\| (\w[\w ]*) \|", GUIDE.split("How well code is shut in")[1])[:4] == [
        "level",
        *LEVELS,
    ]
