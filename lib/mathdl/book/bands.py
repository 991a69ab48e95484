"""How far a measurement may lie from its prediction: the five bands of a claim.

A band compares arrays element by element and returns, for every element, the measured value, the
interval it has to lie in, and the **resolution**: the smallest relative error of the prediction
that would leave the band, whatever its sign. A band that resolves nothing checks nothing.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

REPLICATES = 200  # fewest replicates that a standard error is computed from
STANDARD_ERRORS = 5
ROUNDING = 1e-12  # what a bound forgives, relative to itself


@dataclass(frozen=True)
class Comparison:
    """One entry per compared element; `reason` says why the data were refused, if they were."""

    measured: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    resolution: np.ndarray
    words: str
    reason: str = ""
    replicates: int | None = None
    judged: bool = True  # False where the values are shown and nothing is asked of them


def _same_shape(measured: np.ndarray, predicted: np.ndarray) -> None:
    if measured.shape != predicted.shape:
        raise ValueError(
            f"`measured` has shape {measured.shape} where `predicted` has shape "
            f"{predicted.shape}: give one measured value for each predicted value."
        )


def _positive(name: str, value: float) -> None:
    if not (isinstance(value, (int, float)) and math.isfinite(value) and value > 0):
        raise ValueError(f"`{name}` is {value!r}: give a positive finite number.")


def _around(measured, predicted, unit, half_width, words) -> Comparison:
    """An interval of a half-width that does not depend on the prediction."""
    _same_shape(measured, predicted)
    return Comparison(
        measured=measured,
        lower=predicted - half_width,
        upper=predicted + half_width,
        resolution=(np.abs(measured - predicted) + half_width) / unit,
        words=words,
    )


@dataclass(frozen=True)
class Exact:
    """An identity: equal up to the relative error `rtol` (relative to `scale` at a prediction 0).

    `rtol` lies in [0, 0.05); the claim has to resolve 5 %.

    >>> Exact(1e-9)
    Exact(rtol=1e-09)
    """

    rtol: float
    must_resolve = 0.05

    def __post_init__(self) -> None:
        if not (isinstance(self.rtol, (int, float)) and 0 <= self.rtol < 0.05):
            raise ValueError(f"`rtol` is {self.rtol!r}: give a number in [0, 0.05).")

    def compare(self, measured, predicted, unit) -> Comparison:
        words = f"equal up to a relative error of {self.rtol:.3g}"
        comparison = _around(measured, predicted, unit, self.rtol * unit, words)
        # The width follows the prediction, so p(1 + e) leaves a wider band than p(1 - e).
        # At a prediction 0 there is no direction and the width stays that of the scale.
        error = (measured - predicted) / np.where(predicted == 0, unit, predicted)
        up, down = (error + self.rtol) / (1 - self.rtol), (self.rtol - error) / (1 + self.rtol)
        resolution = np.where(
            predicted == 0, comparison.resolution, np.maximum(np.maximum(up, down), 0.0)
        )
        return Comparison(
            measured, comparison.lower, comparison.upper, resolution, comparison.words
        )


@dataclass(frozen=True)
class MonteCarlo:
    """The mean of independent replicates: within 5 standard errors, which are computed here.

    `measured` has shape (R,) + the shape of the prediction, with R >= 200 replicates along
    axis 0. Replicates that do not vary, or whose ranks have a lag-1 autocorrelation beyond
    5/sqrt(R), are refused: their standard error would mean nothing. Ranks, since two large values
    that happen to be neighbors correlate a heavy-tailed sample. The claim has to resolve 5 %.

    >>> MonteCarlo()
    MonteCarlo()
    """

    must_resolve = 0.05

    def compare(self, measured, predicted, unit) -> Comparison:
        if measured.ndim == 0:
            raise ValueError(
                "`measured` is one number: give MonteCarlo the replicates along axis 0, "
                "not their mean."
            )
        _same_shape(measured[0] if len(measured) else np.empty(measured.shape[1:]), predicted)
        count = len(measured)
        finite = bool(np.isfinite(measured).all())
        with np.errstate(all="ignore"):
            mean = measured.mean(axis=0) if count else np.full_like(predicted, np.nan)
            error = measured.std(axis=0, ddof=1) / math.sqrt(count) if count > 1 else mean * np.nan
        width = STANDARD_ERRORS * error
        words = f"{STANDARD_ERRORS} standard errors of {count:,} replicates"
        around = _around(mean, predicted, unit, width, words)
        return Comparison(
            measured=mean,
            lower=around.lower,
            upper=around.upper,
            resolution=around.resolution,
            words=words,
            reason=_refusal(measured) if finite else "",
            replicates=count,
        )


def _refusal(replicates: np.ndarray) -> str:
    """Why a standard error of these replicates would mean nothing; empty if it means something."""
    count = len(replicates)
    if count < REPLICATES:
        return f"`measured` holds {count} replicates: give MonteCarlo at least {REPLICATES}."
    columns = replicates.reshape(count, -1)
    if (np.ptp(columns, axis=0) <= ROUNDING * np.abs(columns).max(axis=0)).any():
        return (
            "`measured` has replicates that are all equal: draw them independently, or use Exact."
        )
    ranks = rankdata(columns, axis=0)
    centered = ranks - ranks.mean(axis=0)
    lag = (centered[1:] * centered[:-1]).sum(axis=0) / (centered**2).sum(axis=0)
    if (np.abs(lag) > 5 / math.sqrt(count)).any():
        worst = lag[np.abs(lag).argmax()]
        return (
            f"`measured` has serially dependent replicates (lag-1 rank correlation {worst:.2f}): "
            "draw each replicate independently."
        )
    return ""


@dataclass(frozen=True)
class Slope:
    """An exponent read off a log-log fit: within `width` (absolute) of the predicted slope.

    `because` is the discretization argument for that width: what the next term of the expansion,
    or the finite range of the fit, does to the slope.

    >>> Slope(0.05, because="the next term is 1/m smaller, and m >= 64")  # doctest: +ELLIPSIS
    Slope(width=0.05, because='the next term...')
    """

    width: float
    because: str
    must_resolve = None

    def __post_init__(self) -> None:
        _positive("width", self.width)
        if not (isinstance(self.because, str) and self.because.strip()):
            raise ValueError("`because` is empty: say why the slope may be off by `width`.")

    def compare(self, measured, predicted, unit) -> Comparison:
        words = f"slope within {self.width:.3g}, because {self.because.strip().rstrip('.')}"
        return _around(measured, predicted, unit, np.full(predicted.shape, self.width), words)


@dataclass(frozen=True)
class Bound:
    """An inequality: measured <= predicted, or >= with `Bound("lower")`; prints their ratio.

    Rounding is forgiven up to 1e-12 of the bound. The resolution is the relative error that makes
    the bound too tight, that is, its slack: an error the other way no measurement could see.

    >>> Bound("lower")
    Bound(side='lower')
    """

    side: str = "upper"
    must_resolve = None

    def __post_init__(self) -> None:
        if self.side not in ("upper", "lower"):
            raise ValueError(f"`side` is {self.side!r}: give 'upper' or 'lower'.")

    def compare(self, measured, predicted, unit) -> Comparison:
        _same_shape(measured, predicted)
        free = np.full(predicted.shape, np.inf)
        rounding = ROUNDING * unit
        if self.side == "upper":
            lower, upper, slack = -free, predicted + rounding, predicted - measured
        else:
            lower, upper, slack = predicted - rounding, free, measured - predicted
        resolution = np.maximum((slack + rounding) / unit, 0.0)
        return Comparison(measured, lower, upper, resolution, f"{self.side} bound")


@dataclass(frozen=True)
class Empirical:
    """An observation without a theorem: within `width` (absolute) of a value seen before.

    Its center and width come from seeds that the book's tests do not use. Rows of this kind do
    not count as checked theorems. They were seen on the book's own data: where the environment
    variable `MATHDL_IMAGES` names other images, the numbers are shown and not judged.

    >>> Empirical(0.1)
    Empirical(width=0.1)
    """

    width: float
    must_resolve = None

    def __post_init__(self) -> None:
        _positive("width", self.width)

    def compare(self, measured, predicted, unit) -> Comparison:
        if os.environ.get("MATHDL_IMAGES", "").strip():
            _same_shape(measured, predicted)
            anything = np.full(predicted.shape, np.inf)
            words = f"observed on the book's own images, within {self.width:.3g}"
            return Comparison(measured, -anything, anything, anything, words, judged=False)
        words = f"observed before, within {self.width:.3g}"
        return _around(measured, predicted, unit, np.full(predicted.shape, self.width), words)


Band = Exact | MonteCarlo | Slope | Bound | Empirical
