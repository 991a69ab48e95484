"""Bands hold what they should and nothing else; resolution is what its definition says."""

import io
import json
import math
from contextlib import redirect_stdout

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from mathdl.book import Bound, Empirical, Exact, MonteCarlo, Slope, claims, predict
from mathdl.book.claims import MIME, ClaimFailed

BECAUSE = "the fit ends at 64"
sizes = st.floats(0.01, 100)
signs = st.sampled_from([-1.0, 1.0])


def judged(predicted, measured, band, scale=None) -> dict:
    """The result that a claim displays, whether it holds or not."""
    shown = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(claims, "_display", lambda bundle, text, html: shown.append(bundle))
        prediction = predict("thm-test", "a number", predicted, scale=scale)
        try:
            prediction.check(measured, band)
        except ClaimFailed:
            assert not shown[-1]["held"]
        else:
            assert shown[-1]["held"]
    json.dumps(shown, allow_nan=False)
    return shown[-1]


def replicates(mean, deviation, count=400, seed=0):
    """Independent replicates with exactly this mean and standard deviation."""
    draws = np.random.default_rng(seed).normal(size=count)
    draws = (draws - draws.mean()) / draws.std(ddof=1)
    return mean + deviation * draws


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("band", "half_width"),
    [(Exact(0.01), 0.02), (Slope(0.3, BECAUSE), 0.3), (Empirical(0.3), 0.3)],
)
def test_a_band_ends_where_it_says(band, half_width, sign):
    assert judged(2.0, 2.0 + sign * half_width * 0.999, band)["held"]
    assert not judged(2.0, 2.0 + sign * half_width * 1.001, band)["held"]


def test_a_bound_has_one_side():
    assert judged(2.0, -50.0, Bound())["held"]
    assert judged(2.0, 2.0, Bound())["held"]
    assert not judged(2.0, 2.0 + 1e-9, Bound())["held"]
    assert judged(2.0, 50.0, Bound("lower"))["held"]
    assert not judged(2.0, 2.0 - 1e-9, Bound("lower"))["held"]
    assert judged(2.0, 0.5, Bound())["ratio"] == 0.25


@pytest.mark.parametrize("sign", [1, -1])
def test_monte_carlo_ends_at_five_standard_errors(sign):
    error = 0.1 / math.sqrt(400)
    assert judged(10.0, replicates(10 + sign * 4.999 * error, 0.1), MonteCarlo())["held"]
    result = judged(10.0, replicates(10 + sign * 5.001 * error, 0.1), MonteCarlo())
    assert not result["held"]
    assert "outside the band" in result["reason"]
    assert result["replicates"] == 400


def test_monte_carlo_covers_the_truth():
    """Means of 200 skewed replicates stray beyond 5 standard errors in less than 1 % of runs."""
    draws = np.random.default_rng(3).exponential(size=(200, 2000))
    strays = np.abs(draws.mean(axis=0) - 1) > 5 * draws.std(axis=0, ddof=1) / math.sqrt(200)
    assert strays.mean() < 0.01
    held = [judged(1.0, 1 + 0.02 * (column - 1), MonteCarlo())["held"] for column in draws.T[:200]]
    assert np.mean(held) > 0.99


@st.composite
def band_and_measured(draw):
    """A prediction, a band, and data that the band holds with room on every side."""
    predicted = draw(sizes) * draw(signs)
    inside = draw(st.floats(-0.9, 0.9))
    width = draw(st.floats(0.001, 0.04)) * abs(predicted)
    kind = draw(st.sampled_from(["exact", "slope", "empirical", "upper", "lower", "monte carlo"]))
    measured = predicted + inside * width
    if kind == "exact":
        return predicted, measured, Exact(width / abs(predicted))
    if kind == "slope":
        return predicted, measured, Slope(width, BECAUSE)
    if kind == "empirical":
        return predicted, measured, Empirical(width)
    if kind == "monte carlo":
        return predicted, replicates(measured, width * math.sqrt(400) / 5), MonteCarlo()
    assume(abs(inside) > 0.01)
    side = 1 if kind == "lower" else -1
    return predicted, predicted + side * abs(inside) * width, Bound(kind)


@given(band_and_measured())
def test_resolution_is_the_smallest_error_that_leaves_the_band(case):
    """Within it, p(1 + e) or p(1 - e) is still held; beyond it, neither is (a bound: one is)."""
    predicted, measured, band = case
    resolution = judged(predicted, measured, band)["resolution"]

    def held(error):
        return not any(
            "outside" in judged(predicted * (1 + sign * error), measured, band)["reason"]
            for sign in ([-1, 1] if not isinstance(band, Bound) else [tighter])
        )

    def one_held(error):
        return any(
            "outside" not in judged(predicted * (1 + sign * error), measured, band)["reason"]
            for sign in (-1, 1)
        )

    if isinstance(band, Bound):
        tighter = math.copysign(1, predicted) * (-1 if band.side == "upper" else 1)
        assert held(resolution * (1 - 1e-6))
        assert not held(resolution * (1 + 1e-6))
    else:
        assert one_held(resolution * (1 - 1e-6))
        assert not one_held(resolution * (1 + 1e-6))


@given(scale=sizes, error=st.floats(-0.9, 0.9))
def test_at_a_prediction_zero_errors_are_relative_to_the_scale(scale, error):
    result = judged(0.0, error * 0.02 * scale, Exact(0.02), scale=scale)
    assert result["held"]
    assert result["resolution"] == pytest.approx(0.02 * (1 + abs(error)))
    assert not judged(0.0, 0.021 * scale, Exact(0.02), scale=scale)["held"]
    assert judged(0.0, 0.4, Slope(0.5, BECAUSE), scale=scale)["resolution"] == pytest.approx(
        0.9 / scale
    )


def test_the_scale_leaves_other_predictions_alone():
    result = judged([0.0, 0.01], [0.0, 0.02], Exact(0.02), scale=100.0)
    assert not result["held"]
    assert result["index"] == [1]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "band",
    [Exact(0.01), MonteCarlo(), Slope(1.0, BECAUSE), Bound(), Bound("lower"), Empirical(1.0)],
)
def test_what_is_not_finite_fails(band, bad):
    good = replicates(1.0, 0.1) if isinstance(band, MonteCarlo) else 1.0
    broken = np.where(np.arange(400) == 7, bad, good) if isinstance(band, MonteCarlo) else bad
    assert judged(1.0, good, band)["held"]
    assert "not finite" in judged(1.0, broken, band)["reason"]
    assert "not finite" in judged(bad, good, band)["reason"]


def test_arrays_are_judged_by_their_worst_element():
    predicted = np.array([[1.0, 2.0], [3.0, 4.0]])
    measured = predicted * [[1.001, 0.999], [1.0, 1.02]]
    result = judged(predicted, measured, Exact(0.01))
    assert not result["held"]
    assert result["index"] == [1, 1]
    assert result["predicted"] == 4.0
    assert result["comparisons"] == 4
    assert "1 of 4 values" in result["reason"]
    assert judged(predicted, predicted, Exact(0.01))["held"]


def test_the_weakest_element_sets_the_resolution():
    result = judged([1.0, 10.0], [1.0, 10.0], Slope(0.1, BECAUSE))
    assert result["resolution"] == pytest.approx(0.1)


def test_exact_and_monte_carlo_must_resolve_five_percent():
    assert judged(1.0, 1.0, Exact(0.0476))["held"]
    assert "resolves only" in judged(1.0, 1.0, Exact(0.0477))["reason"]
    spread = math.sqrt(400) / 5
    assert judged(1.0, replicates(1.0, 0.0499 * spread), MonteCarlo())["held"]
    assert "resolves only" in judged(1.0, replicates(1.0, 0.0501 * spread), MonteCarlo())["reason"]
    assert judged(1.0, 1.0, Slope(0.5, BECAUSE))["held"]


def test_monte_carlo_refuses_what_has_no_standard_error():
    good = replicates(1.0, 0.01)
    assert "199 replicates" in judged(1.0, good[:199], MonteCarlo())["reason"]
    assert judged(1.0, replicates(1.0, 0.01, count=200), MonteCarlo())["held"]
    assert "all equal" in judged(1.0, np.full(400, 1.0), MonteCarlo())["reason"]
    assert "all equal" in judged(0.1, np.full(300, 0.1) + 1e-17, MonteCarlo())["reason"]
    assert "serially dependent" in judged(1.0, np.sort(good), MonteCarlo())["reason"]
    assert "serially dependent" in judged(1.0, np.repeat(good, 2), MonteCarlo())["reason"]


def test_two_large_neighbors_are_no_serial_dependence():
    """Under heavy tails the two largest of independent draws may stand side by side."""
    draws = replicates(1.0, 0.01)
    draws[100:102] += 1.0
    centered = draws - draws.mean()
    assert (centered[1:] @ centered[:-1]) / (centered @ centered) > 5 / math.sqrt(len(draws))
    assert "serially dependent" not in judged(1.0, draws, MonteCarlo())["reason"]


def test_one_bad_column_refuses_all():
    good = replicates(1.0, 0.01)
    columns = np.stack([good, np.sort(good)], axis=1)
    assert "serially dependent" in judged([1.0, 1.0], columns, MonteCarlo())["reason"]


@pytest.mark.parametrize("threshold", [0.7, 1.3])
def test_serial_dependence_is_refused_beyond_five_over_root_r(threshold):
    """A moving average whose lag-1 autocorrelation is known up to 1/sqrt(R)."""
    count = 10_000
    draws = np.random.default_rng(5).normal(size=count + 1)
    target = threshold * 5 / math.sqrt(count)
    weight = (1 - math.sqrt(1 - 4 * target**2)) / (2 * target)  # of the draw before
    series = draws[1:] + weight * draws[:-1]
    centered = series - series.mean()
    lag = (centered[1:] @ centered[:-1]) / (centered @ centered)
    expected = lag > 5 / math.sqrt(count)
    reason = judged(1.0, 1 + 0.1 * series, MonteCarlo())["reason"]
    assert ("serially dependent" in reason) == expected == (threshold > 1)


def test_tensors_and_arrays_are_the_same():
    draws = replicates(1.0, 0.01).astype(np.float32)
    tensor = torch.tensor(draws, requires_grad=True)
    one, other = judged(torch.tensor(1.0), tensor, MonteCarlo()), judged(1.0, draws, MonteCarlo())
    one.pop("id"), other.pop("id")
    assert one == other


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: Exact(0.05), "rtol"),
        (lambda: Exact(-0.01), "rtol"),
        (lambda: Exact("0.01"), "rtol"),
        (lambda: Slope(0.0, BECAUSE), "width"),
        (lambda: Slope(math.nan, BECAUSE), "width"),
        (lambda: Slope(0.1, "  "), "because"),
        (lambda: Bound("both"), "side"),
        (lambda: Empirical(-1.0), "width"),
        (lambda: predict("", "x", 1.0), "label"),
        (lambda: predict("thm", " ", 1.0), "description"),
        (lambda: predict("thm", "x", []), "predicted"),
        (lambda: predict("thm", "x", "one"), "predicted"),
        (lambda: predict("thm", "x", 1j), "predicted"),
        (lambda: predict("thm", "x", 0.0), "scale"),
        (lambda: predict("thm", "x", [1.0, 0.0]), "scale"),
        (lambda: predict("thm", "x", 0.0, scale=-1.0), "scale"),
        (lambda: judged([1.0, 2.0], 1.0, Exact(0.01)), "measured"),
        (lambda: judged(1.0, [1.0, 2.0], Exact(0.01)), "measured"),
        (lambda: judged(1.0, 1.0, MonteCarlo()), "measured"),
        (lambda: judged(1.0, np.ones((300, 2)), MonteCarlo()), "measured"),
        (lambda: judged(1.0, [[1.0], [2.0, 3.0]], Exact(0.01)), "measured"),
    ],
)
def test_a_wrong_argument_is_named(make, names):
    with pytest.raises(ValueError, match=f"`{names}`"):
        make()


def test_a_prediction_is_checked_once():
    prediction = predict("thm", "x", 1.0)
    with pytest.raises(TypeError, match="`band`"):
        prediction.check(1.0, 0.01)
    prediction.check(1.0, Exact(0.01))
    with pytest.raises(RuntimeError, match="checked already"):
        prediction.check(1.0, Exact(0.01))


def test_the_result_is_printed_before_it_is_raised():
    said = io.StringIO()
    with redirect_stdout(said), pytest.raises(ClaimFailed, match="thm-x"):
        predict("thm-x", "the constant", 1.0).check(1.2, Exact(0.01))
    text = said.getvalue()
    assert "Prediction (thm-x): the constant = 1" in text
    assert "FAILS (thm-x)" in text
    assert "predicted 1, measured 1.2, band [0.99, 1.01]" in text


def test_in_a_notebook_everything_travels_in_the_output(monkeypatch):
    import IPython

    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setenv("MATHDL_SEED", "7")
    shown = []
    monkeypatch.setattr(
        IPython.display, "display", lambda bundle, raw: shown.append(bundle) if raw else None
    )
    prediction = predict("thm-<b>", "a < b & c", 1.0)
    prediction.check(1.0, Exact(0.01))
    for bundle in shown:
        assert set(bundle) == {MIME, "text/html", "text/plain"}
        assert "a &lt; b &amp; c" in bundle["text/html"]
        assert "<script" not in bundle["text/html"]
        assert bundle[MIME]["seed"] == "7"
    first, second = (bundle[MIME] for bundle in shown)
    assert first["id"] == second["id"]
    assert (first["type"], second["type"]) == ("prediction", "claim")
    assert 'class="mathdl-prediction"' in shown[0]["text/html"]
    assert 'class="mathdl-claim mathdl-held"' in shown[1]["text/html"]
    assert "Holds" in shown[1]["text/html"]


def test_what_was_seen_on_the_digits_is_not_asked_of_other_images(monkeypatch, capsys):
    assert judged(1.0, 1.2, Empirical(0.1))["held"] is False
    monkeypatch.setenv("MATHDL_IMAGES", "somewhere")
    seen = judged(1.0, 1.2, Empirical(0.1))
    assert seen["held"] and not seen["judged"] and seen["measured"] == 1.2
    assert not judged(1.0, float("nan"), Empirical(0.1))["held"]
    theorem = judged(1.0, 1.2, Exact(0.01))
    assert theorem["judged"] and not theorem["held"]
    with pytest.raises(ValueError, match="shape"):
        predict("thm", "x", 1.0).check([1.0, 2.0], Empirical(0.1))
    capsys.readouterr()
    predict("thm", "x", 1.0).check(1.2, Empirical(0.1))
    assert capsys.readouterr().out.splitlines()[1:] == [
        "NOT JUDGED (thm): x",
        "  predicted 1, measured 1.2, observed on the book's own images, within 0.1",
        "  these are other images: shown, not judged",
    ]


def test_the_frame_of_a_claim_that_is_not_judged_is_neutral(monkeypatch):
    monkeypatch.setenv("MATHDL_IMAGES", "somewhere")
    shown = []
    monkeypatch.setattr(claims, "_display", lambda bundle, text, html: shown.append(html))
    predict("thm", "x", 1.0).check(1.2, Empirical(0.1))
    assert 'mathdl-open"><p><strong>Not judged</strong>' in shown[-1]
    with pytest.raises(ClaimFailed):
        predict("thm", "x", 1.0).check(math.inf, Empirical(0.1))
    assert 'mathdl-failed"><p><strong>✗ Fails</strong>' in shown[-1]


def test_ids_tell_predictions_apart():
    assert predict("thm", "x", 1.0).id != predict("thm", "x", 1.0).id


def test_a_long_prediction_is_summarized(capsys):
    predict("thm", "squares", np.arange(1.0, 11.0) ** 2)
    assert capsys.readouterr().out == "Prediction (thm): squares = 10 values from 1 to 100\n"
