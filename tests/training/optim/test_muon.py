import pytest
import torch
from torch import Tensor, nn

from dgnet.config import OptimConfig, preset
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.training.optim.muon import Muon, orthogonal
from dgnet.training.optim.optimizers import build_optimizers, set_lr_factor


@pytest.mark.parametrize("shape", [(12, 40), (40, 12), (16, 16)])
def test_singular_values_go_to_about_one_and_singular_vectors_stay(shape):
    torch.manual_seed(0)
    matrices = torch.randn(3, *shape, dtype=torch.float64)
    made = orthogonal(matrices, torch.float64)
    U, before, V = torch.linalg.svd(matrices, full_matrices=False)
    along = U.mT @ made @ V.mT
    assert before.max() / before.min() > 3
    assert torch.allclose(along, along.diagonal(dim1=1, dim2=2).diag_embed(), atol=1e-9)
    assert along.diagonal(dim1=1, dim2=2).min() > 0.5
    assert along.diagonal(dim1=1, dim2=2).max() < 1.25


def test_zeros_stay_zeros():
    assert torch.equal(orthogonal(torch.zeros(1, 3, 5)), torch.zeros(1, 3, 5))


def test_bf16_points_the_same_way():
    torch.manual_seed(0)
    matrices = torch.randn(4, 24, 60)
    exact, coarse = orthogonal(matrices), orthogonal(matrices, torch.bfloat16)
    assert coarse.dtype == torch.float32
    assert torch.cosine_similarity(exact.flatten(1), coarse.flatten(1)).min() > 0.99


def naive_step(weight: Tensor, gradient: Tensor, momentum: Tensor, lr: float, beta: float) -> tuple[Tensor, Tensor]:
    """The step of one matrix by the formulas of the docstrings, in float64."""
    momentum = beta * momentum + gradient
    X = gradient + beta * momentum
    turned = X.shape[0] > X.shape[1]
    X = X.T if turned else X
    X = X / (X.square().sum().sqrt() + 1e-7)
    for _ in range(5):
        A = X @ X.T
        X = 3.4445 * X - 4.7750 * A @ X + 2.0315 * A @ A @ X
    X = X.T if turned else X
    return weight - lr * max(1.0, weight.shape[0] / weight.shape[1]) ** 0.5 * X, momentum


def test_steps_follow_the_formula_for_matrices_and_kernels_of_any_memory_layout():
    torch.manual_seed(0)
    shapes = [(8, 5), (8, 5), (5, 8), (6, 3, 3, 3), (6, 3, 3, 3)]
    parameters = [nn.Parameter(torch.randn(shape, dtype=torch.float64)) for shape in shapes]
    parameters[-1].data = parameters[-1].data.to(memory_format=torch.channels_last)
    weights = [p.detach().clone().flatten(1) for p in parameters]
    momenta = [torch.zeros_like(w) for w in weights]
    muon = Muon(parameters, lr=0.03, momentum=0.9, dtype=torch.float64)
    for _ in range(3):
        for p in parameters:
            p.grad = torch.randn_like(p)
        muon.step()
        gradients = [p.grad.flatten(1) for p in parameters]
        steps = zip(weights, gradients, momenta, strict=True)
        weights, momenta = zip(*(naive_step(w, g, m, 0.03, 0.9) for w, g, m in steps), strict=True)
        for p, w in zip(parameters, weights, strict=True):
            assert torch.allclose(p.detach().flatten(1), w, atol=1e-12)


def test_a_parameter_without_a_gradient_stays():
    idle, moved = nn.Parameter(torch.ones(2, 3)), nn.Parameter(torch.ones(2, 3))
    moved.grad = torch.ones(2, 3)
    Muon([idle, moved], lr=0.1).step()
    assert torch.equal(idle, torch.ones(2, 3))
    assert not torch.equal(moved, torch.ones(2, 3))


def test_vectors_are_refused():
    with pytest.raises(ValueError, match=r"found a parameter of \(4,\)"):
        Muon([nn.Parameter(torch.ones(4))], lr=0.1)


@pytest.mark.parametrize("muon_lr", [0.0, 0.02])
def test_every_parameter_of_the_drawing_networks_has_one_optimiser(muon_lr):
    config = preset("mannequin").network
    model, discriminator = DGNet(config, 5), Discriminator(config)
    optimizers = build_optimizers(model, discriminator, OptimConfig(muon_lr=muon_lr))
    named = optimizers.named()
    held = [id(p) for one in named.values() for group in one.param_groups for p in group["params"]]
    everything = [*model.parameters(), *discriminator.parameters()]
    assert sorted(held) == sorted(map(id, everything))
    assert ("muon" in named) == (muon_lr > 0)
    for parameter in model.decoder.parameters():
        parameter.grad = torch.randn_like(parameter)
    before = [p.detach().clone() for p in model.decoder.parameters()]
    optimizers.step_generator()
    assert not any(torch.equal(p, b) for p, b in zip(model.decoder.parameters(), before, strict=True))


def test_a_rate_in_a_devices_memory_is_a_rate():
    """The learning rate may be a tensor, as a recorded step on a GPU needs it."""
    found = []
    for lr in (0.03, torch.tensor(0.03)):
        torch.manual_seed(0)
        weight = nn.Parameter(torch.randn(6, 4))
        muon = Muon([{"params": [weight], "lr": lr, "base_lr": 0.03}], 0.03)
        for factor in (1.0, 0.25):
            set_lr_factor(muon, factor)
            weight.grad = torch.randn(6, 4)
            muon.step()
        found.append(weight.detach())
    torch.testing.assert_close(found[1], found[0])
