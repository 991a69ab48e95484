"""The trainers against autograd, torch.optim and themselves; errors that say what to do."""

import warnings
from functools import partial

import numpy as np
import pytest
import torch
from mathdl import fused, gradients, loop, losses, models
from mathdl.sampling import Minibatches
from mathdl.training import Diverged, train, train_linear, train_two_layer
from mathdl.updates import Adam, GradientDescent, Momentum

ntk = partial(models.two_layer, scaling="ntk")
RULES = {"descent": GradientDescent(), "momentum": Momentum(0.7), "adam": Adam(epsilon=0)}


@pytest.fixture(autouse=True)
def _strict():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def linear(parameters, x):
    """k outputs, linear in x."""
    return x @ parameters[0].mT


def slow_stepper(scaling, loss, rule, decay, taken=None):
    """What `fused.stepper` compiles, as the formulas read."""
    gradient = gradients.two_layer_gradient(scaling, loss)

    def advance(P, state, x, y, lr):
        seen = []
        for t in range(len(lr)):
            own = x.columns.ndim == 4
            L, G = gradient(P, x.columns[t] if own else x.columns, y[t] if own else y)
            G = G if decay is None else G + decay[:, None] * P
            P = P - lr[t][:, None, None] * rule(G, state)
            seen.append(L)
        if taken is not None:
            taken.append(len(lr))
        return P, torch.stack(seen)

    return advance


@pytest.fixture
def uncompiled(monkeypatch):
    monkeypatch.setattr(fused, "stepper", slow_stepper)


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def networks(E=3, m=5, d=2):
    return models.random_two_layer(E, m, d, np.random.default_rng(0))


X, Y = normal(7, 2, seed=1), normal(7, seed=2)
two = partial(train_two_layer, networks(), X, Y, scaling="ntk", lr=0.1)


def same(run, other, rtol=1e-10, history=True):
    for one, two in zip(run.parameters, other.parameters, strict=True):
        torch.testing.assert_close(one, two, rtol=rtol, atol=rtol)
    if history:
        torch.testing.assert_close(run.history, other.history, rtol=rtol, atol=rtol)


def identical(run, other, members=slice(None)):
    for one, two in zip(run.parameters, other.parameters, strict=True):
        assert torch.equal(one[members], two[members])


def optimize(start, steps, optimizer, decay=(0, 0, 0)):
    """The same by torch.optim, member by member."""
    parts = [p.clone().requires_grad_() for p in start]
    groups = [{"params": [p], "weight_decay": λ} for p, λ in zip(parts, decay, strict=True)]
    optimizer = optimizer(groups)
    for _ in range(steps):
        optimizer.zero_grad()
        (0.5 * (ntk(models.TwoLayer(*parts), X) - Y) ** 2).mean(1).sum().backward()
        optimizer.step()
    return [p.detach() for p in parts]


@pytest.mark.parametrize("decay", [(0, 0, 0), (0.1, 0.2, 0.3)])
@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_the_one_of_torch_optim(name, decay):
    reference = {
        "descent": partial(torch.optim.SGD, lr=0.1),
        "momentum": partial(torch.optim.SGD, lr=0.1, momentum=0.7),
        "adam": partial(torch.optim.Adam, lr=0.1, eps=0),
    }
    expected = optimize(networks(), 9, reference[name], decay)
    options = {"lr": 0.1, "steps": 9, "rule": RULES[name], "weight_decay": decay}
    for run in (
        train(ntk, networks(), X, Y, **options),
        train_two_layer(networks(), X, Y, scaling="ntk", **options),
    ):
        torch.testing.assert_close(list(run.parameters), expected, rtol=1e-9, atol=1e-12)
        assert isinstance(run.parameters, models.TwoLayer)
        assert run.steps.tolist() == [9, 9, 9]
        assert not (run.diverged.any() or run.converged.any())


def test_one_decay_for_all():
    same(two(steps=5, weight_decay=0.3), two(steps=5, weight_decay=(0.3, 0.3, 0.3)))


@pytest.mark.parametrize("loss", ["logistic", "exponential"])
def test_classification_by_hand_and_by_autograd(loss):
    by_hand = train_two_layer(
        networks(), X, Y.sign(), scaling="ntk", lr=0.1, steps=20, loss=loss, every=3
    )
    same(by_hand, train(ntk, networks(), X, Y.sign(), lr=0.1, steps=20, loss=loss, every=3))
    assert (by_hand.history["loss"][-1] < by_hand.history["loss"][0]).all()


def test_cross_entropy_learns_classes():
    def model(parameters, x):
        return x @ parameters[0].mT

    y = torch.tensor([0, 1, 2, 0, 1, 2, 0])
    run = train(
        model, (torch.zeros(2, 3, 2).double(),), X, y, lr=0.5, steps=300, loss="cross-entropy"
    )
    start, end = run.history["loss"][[0, -1]]
    torch.testing.assert_close(start, torch.full_like(start, 3.0).log())
    assert (end < start).all()


def test_steps_of_a_linear_model_reach_least_squares():
    features, start = normal(20, 3), torch.zeros(2, 3, dtype=torch.float64)
    y = normal(2, 20, seed=1)
    run = train_linear(start, features, y, lr=0.5, steps=2000)
    solution = torch.linalg.lstsq(features, y.mT).solution.mT
    torch.testing.assert_close(run.parameters, solution)
    own = train_linear(start, features.expand(2, 20, 3), y, lr=0.5, steps=2000)
    torch.testing.assert_close(own.parameters, solution)


@pytest.mark.parametrize("lr", [0.2, torch.tensor([0.1, 0.2, 0.3]), lambda t: 0.2 / (1 + t)])
def test_members_are_trained_as_if_alone(lr):
    together = train_two_layer(networks(), X, Y, scaling="ntk", lr=lr, steps=6)
    for e in range(3):
        alone = models.TwoLayer(*(part[e : e + 1] for part in networks()))
        rate = lr[e].item() if isinstance(lr, torch.Tensor) else lr
        run = train_two_layer(alone, X, Y, scaling="ntk", lr=rate, steps=6)
        for one, all_ in zip(run.parameters, together.parameters, strict=True):
            torch.testing.assert_close(one[0], all_[e])


def test_learning_rates_by_step_and_by_member():
    slopes = torch.tensor([1.0, 2.0])
    run = train_linear(
        torch.ones(2, 1),
        torch.ones(1, 1),
        torch.zeros(1),
        lr=lambda t: slopes / (2 + 2 * t),
        steps=2,
    )
    assert run.parameters.tolist() == [[0.5 * 0.75], [0.0]]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("batches", [False, True])
def test_a_schedule_is_asked_for_the_steps_and_no_more(batches, compiled, uncompiled):
    schedule, asked = [0.1, 0.2, 0.3, 0.4, 0.5], []
    drawn = Minibatches(2, np.random.default_rng(0), replace=True) if batches else None
    two(
        steps=5,
        every=2,
        lr=lambda t: asked.append(t) or schedule[t],
        batches=drawn,
        compiled=compiled,
    )
    assert asked == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("late", [0.0, -0.1, float("nan"), float("inf"), torch.tensor(-1.0)])
def test_a_schedule_that_turns_bad(late):
    with pytest.raises(ValueError, match="^lr=.*; use positive numbers[.]$"):
        two(steps=3, lr=lambda t: 0.1 if t < 2 else late)
    with pytest.raises(ValueError, match=r"^lr has shape \(2,\); use a number or \(3,\)"):
        two(steps=3, lr=lambda t: 0.1 if t < 2 else torch.ones(2))


@pytest.mark.parametrize("name", ["x", "y", "lr", "start"])
def test_derivatives_of_what_is_given_are_not_recorded(name):
    given = {"x": X, "y": Y, "lr": torch.tensor(0.1, dtype=torch.float64), "start": networks()}
    expected = two(steps=3)
    if name == "start":
        given["start"] = models.TwoLayer(*(part.requires_grad_() for part in networks()))
    else:
        given[name] = given[name].clone().requires_grad_()
    for trainer in (partial(train_two_layer, scaling="ntk"), partial(train, ntk)):
        run = trainer(given["start"], given["x"], given["y"], lr=given["lr"], steps=3)
        same(run, expected)
        assert not any(part.requires_grad for part in (*run.parameters, run.history["loss"]))


def test_a_tensor_of_decays():
    decays = torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64)
    same(two(steps=5, weight_decay=decays), two(steps=5, weight_decay=decays.tolist()))
    options = {"lr": 0.1, "steps": 5}
    run = train(ntk, networks(), X, Y, weight_decay=decays, **options)
    same(run, two(steps=5, weight_decay=decays))


def test_data_for_each_member():
    x, y = normal(3, 7, 2), normal(3, 7, seed=4)
    run = train_two_layer(networks(), x, y, scaling="ntk", lr=0.1, steps=5)
    same(run, train(ntk, networks(), x, y, lr=0.1, steps=5))
    alone = models.TwoLayer(*(part[1:2] for part in networks()))
    other = train_two_layer(alone, x[1], y[1], scaling="ntk", lr=0.1, steps=5)
    torch.testing.assert_close(run.parameters.a[1], other.parameters.a[0])


def test_the_callers_tensors_stay_as_they_are():
    start, x, y = networks(), X.clone(), Y.clone()
    lr = torch.tensor([0.1, 1e9, 0.1], dtype=torch.float64)
    with pytest.warns(RuntimeWarning, match="diverged"):
        train_two_layer(start, x, y, scaling="ntk", lr=lr, steps=5, rule=Momentum())
    for part, before in zip(start, networks(), strict=True):
        assert torch.equal(part, before)
    assert torch.equal(x, X) and torch.equal(y, Y)
    run = two(steps=5, rule=Adam())
    kept = [{k: v if k == "t" else v.clone() for k, v in s.items()} for s in run.state]
    two(steps=5, rule=Adam(), state=run.state)
    torch.testing.assert_close(list(run.state), kept, rtol=0, atol=0)


def test_zero_steps_change_nothing():
    run = two(steps=0)
    identical(run, run._replace(parameters=networks()))
    assert run.history["step"].tolist() == [0] and run.steps.tolist() == [0, 0, 0]


# Minibatches


def by_index(start, x, y, batches, steps):
    """Gradient descent on the batches that `batches` draws, by autograd and by indexing."""
    drawn = torch.from_numpy(batches.draw(x.shape[-2], 3, steps))
    noise = torch.from_numpy(batches.noise(3, steps))
    for t in range(steps):
        x_t = torch.stack([(x[e] if x.ndim == 3 else x)[drawn[t, e]] for e in range(3)])
        y_t = torch.stack([(y[e] if y.ndim == 2 else y)[drawn[t, e]] for e in range(3)])
        start = train(ntk, start, x_t, y_t + noise[t], lr=0.1, steps=1).parameters
    return start


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("own", [(False, False), (True, False), (False, True), (True, True)])
def test_each_member_trains_on_its_own_batches(own, compiled, uncompiled, monkeypatch):
    monkeypatch.setattr("mathdl.loop.LOOK", 4)  # several gathers
    x, y = normal(*[3] * own[0], 7, 2), normal(*[3] * own[1], 7)

    def batches():
        return Minibatches(3, np.random.default_rng(5), replace=False, label_noise=0.3)

    expected = by_index(networks(), x, y, batches(), 11)
    options = {"scaling": "ntk", "lr": 0.1, "steps": 11, "every": 3, "compiled": compiled}
    run = train_two_layer(networks(), x, y, batches=batches(), **options)
    same(run, run._replace(parameters=expected), history=False)
    assert run.history["step"].tolist() == [0, 3, 6, 9, 11]
    risk = losses.loss("squared").value(ntk(run.parameters, x), y).mean(1)
    torch.testing.assert_close(run.history["loss"][-1], risk)
    if not compiled:
        same(run, train(ntk, networks(), x, y, lr=0.1, steps=11, every=3, batches=batches()))


def test_batches_of_images_and_of_several_outputs():
    def model(parameters, x):  # x (n, 1, 2, 2) or (E, n, 1, 2, 2)
        return x.flatten(-3) @ parameters[0].mT

    start, x, y = (normal(2, 3, 4),), normal(5, 1, 2, 2), normal(5, 3)
    options = {"lr": 0.1, "steps": 4}
    everything = Minibatches(5, np.random.default_rng(0), replace=False)
    expected = train(model, start, x, y, **options)
    for data in ((x, y), (x.expand(2, *x.shape), y), (x, y.expand(2, *y.shape))):
        same(train(model, start, *data, batches=everything, **options), expected)


def test_batches_of_classes():
    def model(parameters, x):
        return x @ parameters[0].mT

    start, x = (normal(2, 3, 4),), normal(5, 4)
    y = torch.tensor([[0, 1, 2, 0, 1], [2, 2, 1, 1, 0]])
    options = {"lr": 0.1, "steps": 4, "loss": "cross-entropy"}
    everything = Minibatches(5, np.random.default_rng(0), replace=False)
    for labels in (y, y[0]):
        expected = train(model, start, x, labels, **options)
        same(train(model, start, x, labels, batches=everything, **options), expected)


@pytest.mark.parametrize("shape", [(5,), (5, 4), (5, 3, 4), (5, 5, 4), (5, 2, 3, 4), (5,) * 4])
def test_batches_of_points_of_any_form(shape):
    """Points (n, ...) and (E, n, ...) are told apart by E = 2 and n = 5."""
    start, x, y = (normal(2, *shape[1:]),), normal(*shape), normal(5)

    def model(parameters, x):
        own = x if x.ndim > len(shape) else x.expand(2, *x.shape)
        return (parameters[0][:, None] * own).reshape(*own.shape[:2], -1).sum(2)

    options = {"lr": 0.001, "steps": 4}
    everything = Minibatches(5, np.random.default_rng(0), replace=False)
    expected = train(model, start, x, y, **options)
    for data in (x, x.expand(2, *shape)):
        same(train(model, start, data, y, batches=everything, **options), expected)


def test_points_of_as_many_members_as_samples():
    start, x, y = networks(E=2), normal(2, 2), normal(2)
    both = partial(Minibatches, 2, replace=False)
    for data in (x, x.expand(2, 2, 2), normal(2, 2, 2)):
        expected = train(ntk, start, data, y, lr=0.1, steps=3)
        drawn = both(rng=np.random.default_rng(0))
        same(train(ntk, start, data, y, lr=0.1, steps=3, batches=drawn), expected)


def test_batches_of_points_that_do_not_fit():
    drawn = Minibatches(2, np.random.default_rng(0), replace=True)
    with pytest.raises(ValueError, match=r"^x has shape \(4,\); use .* E = 2, n = 5[.]$"):
        train(
            lambda parameters, x: parameters[0].repeat(1, 5) + x.sum(),
            (normal(2, 1),),
            normal(4),
            normal(5),
            lr=0.1,
            steps=1,
            batches=drawn,
        )


@pytest.mark.parametrize("loss", ["logistic", "exponential", "cross-entropy"])
def test_noise_is_for_labels_that_are_numbers(loss):
    drawn = Minibatches(2, np.random.default_rng(0), replace=True, label_noise=2.0)
    y = torch.tensor([0, 1, 0]) if loss == "cross-entropy" else -torch.ones(3).double()
    outputs = 2 if loss == "cross-entropy" else 1

    def model(parameters, x):
        f = linear(parameters, x)
        return f if outputs == 2 else f.squeeze(2)

    start = (normal(2, outputs, 2),)
    with pytest.raises(ValueError, match="^label_noise=2.0 moves labels .*; use 0"):
        train(model, start, X[:3], y, lr=1, steps=1, loss=loss, batches=drawn)


def test_few_batches_are_gathered_at_once_when_they_are_large(monkeypatch):
    def run():
        return two(steps=9, batches=Minibatches(3, np.random.default_rng(5), replace=True))

    expected = run()
    monkeypatch.setattr("mathdl.loop.BATCH_BYTES", 2 * 3 * 3 * 2 * 8)
    identical(run(), expected)
    monkeypatch.setattr("mathdl.loop.BATCH_BYTES", 1)
    identical(run(), expected)


# What is recorded


@pytest.mark.parametrize("compiled", [False, True])
def test_what_is_recorded_is_what_was(compiled, uncompiled):
    record = {"norm": lambda p: p.a.square().sum(1), "w": lambda p: p.w}
    run = two(steps=10, every=4, record=record, compiled=compiled)
    assert run.history["step"].tolist() == [0, 4, 8, 10]
    assert run.history["w"].shape == (4, 3, 5, 2)
    for row, steps in enumerate([0, 4, 8, 10]):
        there = two(steps=steps).parameters
        risk = 0.5 * ((ntk(there, X) - Y) ** 2).mean(1)
        torch.testing.assert_close(run.history["loss"][row], risk)
        torch.testing.assert_close(run.history["norm"][row], there.a.square().sum(1))
        torch.testing.assert_close(run.history["w"][row], there.w)


def test_nothing_that_is_not_finite_is_recorded():
    def largest(u):
        assert u.isfinite().all()
        return u.abs().amax(1)

    lr = torch.tensor([0.1, 1e9], dtype=torch.float64)
    options = {"lr": lr, "steps": 60, "every": 5, "record": {"largest": largest}}
    with pytest.warns(RuntimeWarning, match="diverged in 1 of 2 members, first after 1 steps"):
        run = train_linear(torch.zeros(2, 2, dtype=torch.float64), X, Y, **options)
    assert run.history["largest"][1:, 1].unique().numel() == 1 and run.steps[1] < 5


def test_how_often_it_is_recorded():
    assert two(steps=5).history["step"].tolist() == [0, 1, 2, 3, 4, 5]
    assert two(steps=250).history["step"].tolist() == list(range(0, 251, 2))


def test_compiled_runs_record_in_eights(uncompiled):
    run = two(steps=250, compiled=True)
    assert run.history["step"].tolist() == [*range(0, 249, 8), 250]
    same(run, two(steps=250, every=8))


# Compiled


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("name", RULES)
def test_several_steps_at_once_are_the_same_steps(name, own, uncompiled):
    x, y = (X.expand(3, 7, 2), Y.expand(3, 7)) if own else (X, Y)
    options = {"rule": RULES[name], "weight_decay": (0.1, 0.2, 0.3), "steps": 22, "every": 10}
    options |= {"lr": lambda t: torch.tensor([0.1, 0.2, 0.3]) / (1 + t), "scaling": "ntk"}
    run = train_two_layer(networks(), x, y, compiled=True, **options)
    same(run, train_two_layer(networks(), x, y, **options))
    assert run.history["step"].tolist() == [0, 10, 20, 22]


def test_as_many_steps_at_once_as_divide_the_interval(monkeypatch):
    taken = []
    monkeypatch.setattr(fused, "stepper", partial(slow_stepper, taken=taken))
    for every, steps in ((12, 20), (8, 20), (7, 8), (11, 3)):
        two(steps=steps, every=every, compiled=True)
    assert taken == [6, 6, 6, 8, 8, 7, 1, 1, 1]


def test_a_rule_that_cannot_be_compiled():
    with pytest.raises(ValueError, match="compiled=False"):
        two(steps=1, compiled=True, rule=lambda g, state: g)


# To go on


@pytest.mark.parametrize("batches", [False, True])
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", RULES)
def test_a_continued_run_is_one_run(name, compiled, batches, uncompiled):
    def options():
        drawn = Minibatches(2, np.random.default_rng(0), replace=True, label_noise=0.1)
        return {"rule": RULES[name], "compiled": compiled, "batches": drawn if batches else None}

    whole = two(steps=16, **options())
    shared = options()
    half = two(steps=8, **shared)
    rest = train_two_layer(
        half.parameters, X, Y, scaling="ntk", lr=0.1, steps=8, state=half.state, **shared
    )
    identical(rest, whole)


def test_a_rule_of_ones_own():
    def adagrad(g, state):
        state["sum"] = state.get("sum", 0) + g**2
        return g / state["sum"].sqrt()

    expected = optimize(networks(), 6, partial(torch.optim.Adagrad, lr=0.1, eps=0))
    for run in (
        two(steps=6, rule=adagrad),
        train(ntk, networks(), X, Y, lr=0.1, steps=6, rule=adagrad),
    ):
        torch.testing.assert_close(list(run.parameters), expected)


# Members that stop


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("batches", [False, True])
def test_a_member_that_diverges_leaves_the_others_alone(name, compiled, batches, uncompiled):
    def run(bad):
        drawn = Minibatches(3, np.random.default_rng(0), replace=True) if batches else None
        lr = torch.tensor([0.01, bad, 0.02], dtype=torch.float64)
        options = {"rule": RULES[name], "compiled": compiled, "batches": drawn, "every": 40}
        return train_two_layer(networks(), X, Y, scaling="ntk", lr=lr, steps=200, **options)

    good = run(0.01)
    with pytest.warns(RuntimeWarning, match="1 of 3 members, first after [0-9]+ steps.*smaller lr"):
        bad = run(1e9)
    identical(bad, good, [0, 2])
    assert bad.diverged.tolist() == [False, True, False]
    assert bad.steps.tolist() == [200, 0, 200]
    assert torch.equal(bad.parameters.w[1], networks().w[1])
    torch.testing.assert_close(bad.history["loss"][-1, 1], bad.history["loss"][0, 1])
    torch.testing.assert_close(bad.history["loss"][:, [0, 2]], good.history["loss"][:, [0, 2]])


def test_divergence_is_a_millionfold_risk():
    # The residual doubles in every step, the risk grows fourfold: 4^10 > 10^6 is too much.
    one, zero = torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    run = train_linear(one, one, zero, lr=3.0, steps=9)
    assert run.parameters.item() == -(2**9) and not run.diverged.any()
    for steps in (10, 63, 1000):
        with pytest.raises(Diverged, match="1 of 1 members, first after 10 steps") as caught:
            train_linear(one, one, zero, lr=3.0, steps=steps)
        run = caught.value.run
        assert run.parameters.item() == 1 and run.steps.tolist() == [0] and run.diverged.all()


def test_the_last_good_parameters_are_those_of_the_last_look():
    # The risk grows by 1.21 a step and passes a million after 73 steps; it is good after 64.
    one, zero = torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    with pytest.raises(Diverged, match="first after 73 steps") as caught:
        train_linear(one, one, zero, lr=2.1, steps=1000)
    run = caught.value.run
    assert run.steps.tolist() == [64]
    assert run.parameters.item() == pytest.approx(1.1**64)
    assert run.history["step"][-1] == 128  # nothing is left to train
    assert run.history["loss"][-1].item() == pytest.approx(1.21**64 / 2)


def test_the_first_of_several_is_reported():
    one, zero = torch.ones(3, 1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    lr = torch.tensor([2.1, 3.0, 0.5])
    with pytest.warns(RuntimeWarning, match="2 of 3 members, first after 10 steps"):
        run = train_linear(one, one[:1], zero, lr=lr, steps=300)
    assert run.steps.tolist() == [64, 0, 300]


def test_a_start_on_the_solution_has_not_diverged():
    one = torch.ones(1, 1, dtype=torch.float64)
    run = train_linear(one, one, torch.tensor([1 + 1e-9]).double(), lr=1.9, steps=100)
    assert not run.diverged.any()
    zero = torch.zeros(1, 1, dtype=torch.float64)
    drawn = Minibatches(1, np.random.default_rng(0), replace=True, label_noise=1.0)
    run = train_linear(zero, one, zero[0], lr=0.5, steps=100, batches=drawn)
    assert not run.diverged.any() and run.parameters.item() != 0


@pytest.mark.parametrize("compiled", [False, True])
def test_a_start_that_is_beyond_bounds(compiled, uncompiled):
    huge = models.TwoLayer(*(1e200 * part for part in networks()))
    with pytest.raises(Diverged, match="first after 0 steps"):
        train_two_layer(huge, X, Y, scaling="ntk", lr=0.1, steps=100, compiled=compiled)


def test_parameters_that_are_not_finite_have_diverged():
    """A step that is too long kills the ReLU: θ = -∞, and the loss is finite."""

    def model(parameters, x):
        return torch.relu(parameters[0][:, None] * x)

    x, y = torch.tensor([2.0]), torch.tensor([-9.0])
    for steps in (1, 100):
        with pytest.warns(RuntimeWarning, match="1 of 2 members"):
            run = train(model, (torch.ones(2),), x, y, lr=torch.tensor([3e38, 0.1]), steps=steps)
        assert run.parameters[0][0] == 1 and run.diverged.tolist() == [True, False]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", ["momentum", "adam"])
def test_a_member_that_diverged_can_go_on(name, compiled, uncompiled):
    lr = torch.tensor([0.01, 1e200, 0.02], dtype=torch.float64)
    options = {"scaling": "ntk", "rule": RULES[name], "steps": 40, "compiled": compiled}
    with pytest.warns(RuntimeWarning, match="1 of 3 members"):
        run = train_two_layer(networks(), X, Y, lr=lr, **options)
    for state in run.state:
        for part in state.values():
            assert part == 40 if isinstance(part, int) else part[0].any() and not part[1].any()
    on = train_two_layer(run.parameters, X, Y, lr=0.01, state=run.state, **options)
    assert not on.diverged.any()


def test_members_stop_at_the_tolerance():
    # The risk is 4^-t / 2 and 4 · 4^-t / 2: below 0.001 after 5 and 6 steps.
    start = torch.tensor([[1.0], [2.0], [0.0]], dtype=torch.float64)
    one, zero = torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    run = train_linear(start, one, zero, lr=0.5, steps=100, tolerance=0.001, every=1)
    assert run.steps.tolist() == [5, 6, 0] and run.converged.all() and not run.diverged.any()
    assert run.parameters.tolist() == [[2.0**-5], [2.0**-5], [0.0]]
    assert run.history["step"][-1] == 64  # where it is noticed that nobody trains
    assert run.history["loss"][4:8, 0].tolist() == [4.0**-4 / 2, *[4.0**-5 / 2] * 3]
    equal = train_linear(start, one, zero, lr=0.5, steps=100, tolerance=4.0**-5 / 2)
    assert equal.steps.tolist() == [5, 6, 0]
    none = train_linear(start[:2], one, zero, lr=0.5, steps=3, tolerance=0.001)
    assert none.steps.tolist() == [3, 3] and not none.converged.any()


@pytest.mark.parametrize("compiled", [False, True])
def test_with_batches_the_tolerance_is_for_the_risk_that_is_recorded(compiled, uncompiled):
    def run(**options):
        drawn = Minibatches(7, np.random.default_rng(0), replace=False)
        return two(steps=400, every=4, compiled=compiled, batches=drawn, **options)

    free = run()
    level = free.history["loss"][30].max().item()
    stopped = run(tolerance=level)
    first = [
        int(free.history["step"][row]) for row in (free.history["loss"] <= level).int().argmax(0)
    ]
    assert stopped.steps.tolist() == first and stopped.converged.all()
    assert max(first) == 120 and stopped.history["step"][-1] == 128
    risk = 0.5 * ((ntk(stopped.parameters, X) - Y) ** 2).mean(1)
    torch.testing.assert_close(stopped.history["loss"][-1], risk)


# Errors


@pytest.mark.parametrize(
    "lr", [0.0, -1.0, float("nan"), float("inf"), torch.tensor([0.1, 0.0, 0.1]), lambda t: -1.0]
)
def test_step_sizes_that_are_none(lr):
    with pytest.raises(ValueError, match="^lr=.*; use positive numbers[.]$"):
        train_two_layer(networks(), X, Y, scaling="ntk", lr=lr, steps=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": torch.ones(2)}, r"lr has shape \(2,\); use a number or \(3,\)"),
        ({"steps": -1}, "steps=-1 is negative; use"),
        ({"every": 0}, "every=0 is no number of steps; use"),
        ({"steps": 2.5}, "steps=2.5 and every=None count steps; use integers"),
        ({"every": 1.5}, "steps=1 and every=1.5 count steps; use integers"),
        ({"record": {"loss": lambda p: p.a.sum(1)}}, "record holds 'loss', which is .*; use"),
        ({"record": {"step": lambda p: p.a.sum(1)}}, "record holds 'step', which is .*; use"),
        ({"state": ({}, {})}, "state is that of 2 tensors, not [13]; use"),
        ({"weight_decay": float("inf")}, "weight_decay=inf is no such constant; use"),
        ({"tolerance": -1.0}, "tolerance=-1.0 is no loss; use"),
        ({"tolerance": float("nan")}, "tolerance=nan is no loss; use"),
        ({"weight_decay": -1.0}, "weight_decay=-1.0 is no such constant; use"),
        ({"weight_decay": (0.0, float("nan"), 0.0)}, "weight_decay=nan is no such constant; use"),
        ({"weight_decay": (0.0, 0.0)}, "weight_decay has 2 entries; use a number or .* the 3"),
        ({"loss": "hinge"}, "loss='hinge' is unknown; use"),
        ({"loss": "logistic"}, "y holds labels other than -1 and 1; use"),
        ({"loss": "cross-entropy"}, "y holds no classes; use"),
    ],
)
def test_options_that_do_not_fit(options, message):
    for trainer in (partial(train_two_layer, scaling="ntk"), partial(train, ntk)):
        with pytest.raises(ValueError, match=message):
            trainer(networks(), X, Y, **{"lr": 0.1, "steps": 1} | options)


@pytest.mark.parametrize("loss", ["logistic", "exponential"])
def test_losses_of_a_single_output(loss):
    with pytest.raises(ValueError, match="^loss is one of models with a single output; use"):
        train(linear, (normal(2, 3, 2),), X, normal(7, 3).sign(), lr=0.1, steps=1, loss=loss)


def test_no_points():
    for trainer in (partial(train_two_layer, scaling="ntk"), partial(train, ntk)):
        with pytest.raises(ValueError, match="^x holds no points; use"):
            trainer(networks(), X[:0], Y[:0], lr=0.1, steps=1)


def test_networks_whose_parts_do_not_fit():
    start = networks()
    for wrong, name in (
        (start._replace(b=start.b[:1]), "b"),
        (start._replace(b=start.b[:, :1]), "b"),
        (start._replace(a=start.a[0]), "a"),
        (start._replace(w=start.w[0]), "w"),
    ):
        with pytest.raises(ValueError, match=f"^{name} has shape .*; use"):
            train_two_layer(wrong, X, Y, scaling="ntk", lr=0.1, steps=1)


def test_models_and_parameters_of_other_numbers_of_members():
    with pytest.raises(ValueError, match=r"^model gives \(7,\); use .* E = 2"):
        train(lambda p, x: x @ p[0], (normal(2),), X, Y, lr=0.1, steps=1)
    with pytest.raises(ValueError, match=r"^model gives \(1, 7\); use .* E = 2"):
        train(lambda p, x: (x @ p[0])[None], (normal(2),), X, Y, lr=0.1, steps=1)
    with pytest.raises(ValueError, match=r"^parameters hold a tensor \(1, 1\); use .* E = 3"):
        train(lambda p, x: p[0] @ x.mT + p[1], (normal(3, 2), normal(1, 1)), X, Y, lr=1, steps=1)


@pytest.mark.parametrize("shape", [(6,), (7, 1), (2, 7), (1, 7), (3, 7, 1)])
def test_labels_of_another_shape(shape):
    with pytest.raises(ValueError, match=r"^y has shape .*; use \(7\), or \(3, 7\)[.]$"):
        train_two_layer(networks(), X, torch.zeros(shape).double(), scaling="ntk", lr=0.1, steps=1)


def test_classes_that_the_model_does_not_have():
    def model(parameters, x):
        return x @ parameters[0].mT

    start, y = (torch.zeros(2, 3, 2).double(),), torch.tensor([0, 1, 2, 3, 0, 1, 2])
    with pytest.raises(
        ValueError, match="^y holds the class 3; use 0 to k - 1, with k = 3 outputs"
    ):
        train(model, start, X, y, lr=0.1, steps=1, loss="cross-entropy")
    with pytest.raises(ValueError, match="^y holds classes; use a model with one output a class"):
        train(ntk, networks(), X, y, lr=0.1, steps=1, loss="cross-entropy")


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("place", ["a", "w", "b", "x", "y"])
def test_numbers_that_are_not_finite(place, bad):
    data = {"x": X.clone(), "y": Y.clone(), **networks()._asdict()}
    data[place].view(-1)[0] = bad
    x, y, parts = data.pop("x"), data.pop("y"), models.TwoLayer(**data)
    with pytest.raises(ValueError, match=f"^{place} holds a NaN or an infinity; remove"):
        train_two_layer(parts, x, y, scaling="ntk", lr=0.1, steps=1)
    name = place if place in "xy" else "parameters"
    with pytest.raises(ValueError, match=f"^{name} holds a NaN or an infinity; remove"):
        train(ntk, parts, x, y, lr=0.1, steps=1)


@pytest.mark.parametrize("place", ["x", "y"])
def test_two_precisions(place):
    data = {"x": X, "y": Y} | {place: {"x": X, "y": Y}[place].float()}
    with pytest.raises(ValueError, match=f"^{place} is torch.float32 on cpu; use torch.float64"):
        train_two_layer(networks(), **data, scaling="ntk", lr=0.1, steps=1)


def test_two_precisions_in_every_trainer():
    wrong = "is torch.float32 on cpu; use torch.float64 on cpu"
    with pytest.raises(ValueError, match=f"^x {wrong}"):
        train(ntk, networks(), X.float(), Y, lr=0.1, steps=1)
    with pytest.raises(ValueError, match=f"^parameters {wrong}"):
        start = networks()
        train(ntk, start._replace(b=start.b.float()), X, Y, lr=0.1, steps=1)
    for name in "ab":
        with pytest.raises(ValueError, match=f"^{name} {wrong}"):
            part = {name: getattr(networks(), name).float()}
            train_two_layer(networks()._replace(**part), X, Y, scaling="ntk", lr=0.1, steps=1)
    with pytest.raises(ValueError, match=f"^features {wrong}"):
        train_linear(normal(2, 2), X.float(), Y, lr=0.1, steps=1)
    with pytest.raises(ValueError, match="^x is torch.int64 .*; use torch.float64"):
        train_two_layer(networks(), X.long(), Y, scaling="ntk", lr=0.1, steps=1)


def test_points_of_another_dimension():
    with pytest.raises(ValueError, match="^x has shape"):
        train_two_layer(networks(), X[:, :1], Y, scaling="ntk", lr=0.1, steps=1)


def test_batches_larger_than_the_sample():
    with pytest.raises(ValueError, match="size=8"):
        two(steps=1, batches=Minibatches(8, np.random.default_rng(0), replace=False))


# Precision, progress


def test_float32_stays_float32():
    start = models.TwoLayer(*(part.float() for part in networks()))
    run = train_two_layer(start, X.float(), Y.float(), scaling="ntk", lr=0.1, steps=9)
    assert run.parameters.a.dtype == run.history["loss"].dtype == torch.float32
    for one, two_ in zip(run.parameters, two(steps=9).parameters, strict=True):
        torch.testing.assert_close(one.double(), two_, rtol=1e-4, atol=1e-5)


def test_a_bar_on_long_runs_only(monkeypatch, capsys):
    monkeypatch.delenv("MATHDL_STATIC", raising=False)
    assert loop.PATIENCE == 3
    two(steps=100)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("mathdl.loop.PATIENCE", 0.0)
    two(steps=100)
    assert "100" in capsys.readouterr().err
    monkeypatch.setenv("MATHDL_STATIC", "1")
    two(steps=100)
    assert capsys.readouterr().err == ""


def test_batches_of_own_features():
    start, features, y = torch.zeros(2, 3).double(), normal(2, 20, 3), normal(2, 20)
    whole = train_linear(start, features, y, lr=0.1, steps=3)
    everything = Minibatches(20, np.random.default_rng(0), replace=False)
    run = train_linear(start, features, y, lr=0.1, steps=3, batches=everything)
    torch.testing.assert_close(run.parameters, whole.parameters)
