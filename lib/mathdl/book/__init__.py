"""How a page shows a theorem: claims, figures and sliders."""

from mathdl.book.claims import Bound, Empirical, Exact, MonteCarlo, Slope, predict
from mathdl.book.explore import explore
from mathdl.book.figures import show, use_style

__all__ = [
    "Bound",
    "Empirical",
    "Exact",
    "MonteCarlo",
    "Slope",
    "explore",
    "predict",
    "show",
    "use_style",
]
