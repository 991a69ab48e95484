"""Claims: a page prints what a theorem predicts, runs an experiment, and checks the one against
the other.

Both the prediction and the result travel in the cell's output as JSON under the MIME type
`application/vnd.mathdl.claim+json`, so that an executed notebook keeps them and the ledger of the
book can be read off it.
"""

from __future__ import annotations

import itertools
import math
import os
from dataclasses import dataclass, field
from html import escape

import numpy as np

from mathdl.book.bands import Band, Bound, Comparison, Empirical, Exact, MonteCarlo, Slope

__all__ = [
    "MIME",
    "Bound",
    "ClaimFailed",
    "Empirical",
    "Exact",
    "MonteCarlo",
    "Prediction",
    "Slope",
    "predict",
]

MIME = "application/vnd.mathdl.claim+json"
_numbers = itertools.count(1)


class ClaimFailed(AssertionError):
    """The measurement left the band, or the data could not decide the claim."""


def _array(name: str, value: object) -> np.ndarray:
    """Numbers, lists, NumPy arrays and torch tensors as float64."""
    value = value.detach().cpu() if hasattr(value, "detach") else value
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise TypeError
    except (TypeError, ValueError):
        raise ValueError(f"`{name}` is not made of real numbers: give floats.") from None
    return array.astype(np.float64)


def _number(value: float) -> float | str:
    """A finite JSON number; infinities and NaN, which JSON lacks, as strings."""
    return float(value) if math.isfinite(value) else str(float(value))


def _shown(value: float | str) -> str:
    return f"{float(value):.4g}"


def predict(
    label: str, description: str, predicted: object, scale: float | None = None
) -> Prediction:
    """Print what the statement `label` of this page says the coming experiment will give.

    `predicted` is a number or an array of any shape (NumPy or torch); `scale`, a positive number,
    is what errors are relative to where the prediction is 0. The returned `Prediction` is checked
    exactly once. Raises ValueError for an empty label or description, for values that are not
    real numbers, and for a prediction 0 without a scale.

    >>> p = predict("thm-pythagoras", "sum of the two squares", 25.0)
    Prediction (thm-pythagoras): sum of the two squares = 25
    >>> p.check(3.0**2 + 4.0**2, Exact(1e-12))
    HOLDS (thm-pythagoras): sum of the two squares
      predicted 25, measured 25, equal up to a relative error of 1e-12
      resolution 1e-10 %
    """
    for name, value in (("label", label), ("description", description)):
        if not (isinstance(value, str) and value.strip()):
            raise ValueError(f"`{name}` is {value!r}: give a sentence fragment as a string.")
    values = _array("predicted", predicted)
    if values.size == 0:
        raise ValueError("`predicted` is empty: give at least one number.")
    if scale is not None and not (
        isinstance(scale, (int, float, np.number)) and math.isfinite(scale) and scale > 0
    ):
        raise ValueError(f"`scale` is {scale!r}: give a positive finite number.")
    if scale is None and (values == 0).any():
        raise ValueError("`scale` is missing: a prediction 0 needs the size that counts as large.")
    prediction = Prediction(f"{label}#{next(_numbers)}", label, description.strip(), values, scale)
    _display(prediction.bundle(), prediction._text(), prediction._html())
    return prediction


@dataclass
class Prediction:
    """What a statement predicts, waiting for its measurement; made by `predict`."""

    id: str
    label: str
    description: str
    values: np.ndarray
    scale: float | None = None
    checked: bool = field(default=False, repr=False)

    def check(self, measured: object, band: Band) -> None:
        """Compare `measured` with the prediction, show the result, raise ClaimFailed if it fails.

        `measured` has the shape of the prediction, for `MonteCarlo` with the replicates along a
        further axis 0. NaN and infinity fail. Raises ValueError for another shape, TypeError if
        `band` is none of the five bands, RuntimeError at a second check.
        """
        if not isinstance(band, Band):
            raise TypeError(
                f"`band` is {band!r}: give Exact(...), MonteCarlo(), Slope(...), Bound() "
                "or Empirical(...)."
            )
        if self.checked:
            raise RuntimeError(
                f"`{self.id}` has been checked already: run its predict(...) again, or make a "
                "second prediction."
            )
        unit = np.abs(self.values)
        if self.scale is not None:
            unit = np.where(unit == 0, self.scale, unit)
        with np.errstate(all="ignore"):
            comparison = band.compare(_array("measured", measured), self.values, unit)
        self.checked = True
        result = _result(self, comparison, band, unit)
        _display(result, _result_text(result), _result_html(result))
        if not result["held"]:
            raise ClaimFailed(f"{self.label}: {self.description}: {result['reason']}")

    def bundle(self) -> dict:
        """The prediction as JSON, for the ledger."""
        return {
            "type": "prediction",
            "id": self.id,
            "label": self.label,
            "description": self.description,
            "shape": list(self.values.shape),
            "predicted": _number(self.values.flat[0]),
            "summary": self._summary(),
            "seed": os.environ.get("MATHDL_SEED", "0"),
        }

    def _summary(self) -> str:
        values = [_shown(value) for value in self.values.flat]
        if len(values) <= 6:
            return ", ".join(values)
        low, high = _shown(self.values.min()), _shown(self.values.max())
        return f"{len(values)} values from {low} to {high}"

    def _text(self) -> str:
        return f"Prediction ({self.label}): {self.description} = {self._summary()}"

    def _html(self) -> str:
        return (
            '<div class="mathdl-prediction"><p><strong>Prediction</strong> '
            f"<code>{escape(self.label)}</code> {escape(self.description)} = "
            f'<span class="mathdl-value">{self._summary()}</span></p></div>'
        )


def _result(prediction: Prediction, comparison: Comparison, band: Band, unit) -> dict:
    """The outcome of a check as JSON: its worst element, and the weakest resolution."""
    predicted, measured = prediction.values, comparison.measured
    with np.errstate(all="ignore"):
        inside = (comparison.lower <= measured) & (measured <= comparison.upper)
        excess = np.maximum(comparison.lower - measured, measured - comparison.upper) / unit
    bad = ~(np.isfinite(predicted) & np.isfinite(measured))
    inside &= ~bad
    worst = int(np.argmax(np.where(bad | np.isnan(excess), np.inf, excess)))
    resolution = float(
        np.max(np.where(np.isnan(comparison.resolution), np.inf, comparison.resolution))
    )
    reason = comparison.reason
    if bad.any():
        reason = "a value is not finite"
    elif not inside.all():
        reason = reason or f"{int((~inside).sum())} of {inside.size} values outside the band"
    elif band.must_resolve is not None and not resolution <= band.must_resolve:
        reason = reason or (
            f"it resolves only {resolution:.2%} of the prediction, and {band.must_resolve:.0%} "
            "is required: take more samples or a narrower band"
        )
    at = {
        "predicted": _number(predicted.flat[worst]),
        "measured": _number(measured.flat[worst]),
        "lower": _number(comparison.lower.flat[worst]),
        "upper": _number(comparison.upper.flat[worst]),
    }
    if isinstance(band, Bound) and predicted.flat[worst] != 0:
        at["ratio"] = _number(measured.flat[worst] / predicted.flat[worst])
    if comparison.replicates is not None:
        at["replicates"] = comparison.replicates
    return {
        "type": "claim",
        "id": prediction.id,
        "label": prediction.label,
        "description": prediction.description,
        **at,
        "index": [int(i) for i in np.unravel_index(worst, predicted.shape)],
        "comparisons": int(predicted.size),
        "scale": "none" if prediction.scale is None else _number(prediction.scale),
        "band": type(band).__name__,
        "band_words": comparison.words,
        "resolution": _number(resolution),
        "judged": comparison.judged,
        "held": not reason,
        "reason": reason,
        "seed": os.environ.get("MATHDL_SEED", "0"),
    }


def _sentences(result: dict) -> tuple[str, str]:
    """The two lines under the verdict: the numbers, and what they can tell apart."""
    lower, upper = _shown(result["lower"]), _shown(result["upper"])
    shown = result["judged"] and lower != upper and result["band"] != "Bound"
    band = f"band [{lower}, {upper}]: " if shown else ""
    numbers = (
        f"predicted {_shown(result['predicted'])}, measured {_shown(result['measured'])}, "
        f"{band}{result['band_words']}"
    )
    if "ratio" in result:
        numbers += f", measured/bound {_shown(result['ratio'])}"
    strength = f"resolution {100 * float(result['resolution']):.2g} %"
    if not result["judged"]:
        return numbers, "these are other images: shown, not judged"
    if result["comparisons"] > 1:
        strength += f", {result['comparisons']} comparisons, worst at {result['index']}"
    if result["band"] == "Empirical":
        strength += ", an observation, not a check of the theorem"
    return numbers, strength


def _verdict(result: dict) -> str:
    if not result["held"]:
        return "Fails"
    return "Holds" if result["judged"] else "Not judged"


def _result_text(result: dict) -> str:
    numbers, strength = _sentences(result)
    verdict = _verdict(result).upper()
    text = f"{verdict} ({result['label']}): {result['description']}\n  {numbers}\n  {strength}"
    return text if result["held"] else f"{text}\n  {result['reason']}"


def _result_html(result: dict) -> str:
    numbers, strength = _sentences(result)
    state = ("held" if result["judged"] else "open") if result["held"] else "failed"
    verdict = {"held": "✓ ", "open": "", "failed": "✗ "}[state] + _verdict(result)
    reason = f"<br>{escape(result['reason'])}" if result["reason"] else ""
    return (
        f'<div class="mathdl-claim mathdl-{state}"><p><strong>{verdict}</strong> '
        f"<code>{escape(result['label'])}</code> {escape(result['description'])}<br>"
        f"{escape(numbers)}<br><small>{escape(strength)}</small>{reason}</p></div>"
    )


def _display(bundle: dict, text: str, html: str) -> None:
    """Into the notebook's output where there is a notebook, else onto the terminal."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        print(text)
        return
    if get_ipython() is None:
        print(text)
    else:
        display({MIME: bundle, "text/html": html, "text/plain": text}, raw=True)
