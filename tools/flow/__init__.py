"""Runs the code of a page abstractly: of each value, which places it comes from.

`values` says what is known about a value, `expressions` evaluates and assigns, `calls` follows
functions of the page into their bodies, `statements` runs branches and loops until nothing new is
learned. Names made at run time (`getattr`, `exec`) are not followed.
"""

from tools.flow.statements import Flow
from tools.flow.values import NOTHING, Value, join, made_from

__all__ = ["NOTHING", "Flow", "Value", "join", "made_from"]
