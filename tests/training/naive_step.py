"""Every term of one training step written out, one direction and one image at a time, for tests to compare with."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from dgnet.config import LossConfig
from dgnet.generation.paste import paste
from dgnet.training.batch import Batch, Networks
from dgnet.training.redress import further_clothes

HALF = 2
OTHER = [2, 3, 0, 1]  # the j of each i


def by_statistics(network: nn.Module, of_the_batch: bool) -> nn.Module:
    """A frozen copy of `network` that normalises by the batch's statistics, or by `network`'s present running ones."""
    own = copy.deepcopy(network).requires_grad_(False)
    for module in own.modules():
        if isinstance(module, _BatchNorm):
            module.train(of_the_batch)
    return own


def over_directions(of_each: list[Tensor]) -> Tensor:
    """One number per image of a doubled batch: the mean over (i, j) plus the mean over (j, i)."""
    assert len(of_each) == 2 * HALF
    return torch.stack(of_each[:HALF]).mean() + torch.stack(of_each[HALF:]).mean()


def absolute(estimate: Tensor, target: Tensor) -> Tensor:
    return over_directions([(one - other).abs().mean() for one, other in zip(estimate, target, strict=True)])


def likelihood(logits: Tensor, label: Tensor) -> Tensor:
    return over_directions([-row.log_softmax(0)[y] for row, y in zip(logits, label, strict=True)])


def relative(q: Tensor, logits: Tensor) -> Tensor:
    """KL(q || p)."""
    return over_directions([(t * (t.log() - row.log_softmax(0))).sum() for t, row in zip(q, logits, strict=True)])


class Naive:
    """Every term of one step, computed from the networks as they are before the step."""

    def __init__(self, networks: Networks, batch: Batch, loss: LossConfig, structure_alone: bool) -> None:
        self.model, self.D = copy.deepcopy(networks.model), copy.deepcopy(networks.discriminator)
        E_a, E_s, G = self.model.appearance_encoder, self.model.structure_encoder, self.model.decoder
        x, y_i, y_j = batch.x, batch.label, batch.label[OTHER]
        detached = loss.detach_appearance_code
        for module in E_a.modules():
            if isinstance(module, _BatchNorm):
                module.train(not loss.running_codes)
        codes = E_a.code(torch.cat([x, batch.x_partner]))
        E_a.train()
        a, a_t = codes[: 2 * HALF], codes[2 * HALF :]
        a, a_t = (a.detach(), a_t.detach()) if detached else (a, a_t)
        s = E_s(batch.x_relit)
        drawn = G(torch.cat([a, a_t, a]), torch.cat([s, s, s[OTHER]]))
        x_ii, x_ti, x_ij = drawn[: 2 * HALF], drawn[2 * HALF : 4 * HALF], drawn[4 * HALF :]
        self.x_ij, given = x_ij, x_ij.detach()
        judge = by_statistics(E_a, of_the_batch=loss.train_bn and not loss.running_codes)(x_ij)
        E_s_frozen = copy.deepcopy(E_s).requires_grad_(False)
        s_seen = E_s(given) if structure_alone else E_s_frozen(x_ij)
        x_iji = G(judge.a.detach(), s_seen[OTHER])
        with torch.no_grad():
            redressed = paste(x, x_ii, x_ij[OTHER])
            for places in further_clothes(2 * HALF):
                k = [(i - places) % (2 * HALF) for i in range(2 * HALF)]
                redressed = paste(x, x_ii, G(a[k], E_s(redressed)))
        learnt = slice(0, E_s.channels)
        self.drawing = {
            "image": absolute(x_ii, x),
            "partner_image": absolute(x_ti, x),
            "id_generated": likelihood(judge.prim.logits, y_i),
            "code_a": absolute(judge.a if loss.code1_gradient else judge.a.detach(), a.detach()),
            "code_s": absolute(s_seen[:, learnt], s[OTHER][:, learnt].detach()),
            "cycle": absolute(x_iji, x),
            "redressed": absolute(G(a_t.detach(), E_s(redressed)), x),
        }

        real = E_a(torch.cat([batch.x_erased, batch.x_partner_erased]))
        fed_by = copy.deepcopy(E_a)  # its running statistics are then those of the erased views
        for module in fed_by.modules():
            if isinstance(module, _BatchNorm):
                module.train(loss.train_bn)
        parameters = dict(E_a.named_parameters())
        fed = torch.func.functional_call(fed_by, parameters, (given,))
        T = by_statistics(networks.teacher, of_the_batch=loss.train_bn)
        q = (T(given).softmax(1) + T(given.flip(3)).softmax(1)) / 2
        if loss.labels == "two_label":
            names = torch.stack([y_i, y_j], dim=1)
            q = torch.zeros_like(q).scatter(1, names, q.gather(1, names))
            q = (q / q.sum(1, keepdim=True)).clamp(min=1e-30)
        if loss.labels == "appearance":
            q = torch.eye(q.shape[1])[y_i].clamp(min=1e-30)
        self.fine_real = likelihood(real.fine.logits[: 2 * HALF], y_i)
        self.recognising = {
            "id_real": likelihood(real.prim.logits[: 2 * HALF], y_i) + likelihood(real.prim.logits[2 * HALF :], y_i),
            "prim": relative(q, fed.prim.logits),
            "fine": likelihood(fed.fine.logits, y_j) + self.fine_real,
        }

    def of_discriminator(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """D's own loss, and the R1 penalty."""
        x = batch.x.clone().requires_grad_()
        own, penalty = torch.zeros(()), torch.zeros(())
        for real, fake in zip(self.D(x), self.D(self.x_ij.detach()), strict=True):
            pairs = zip(real, fake, strict=True)
            own = own + over_directions([f.square().mean() + (r - 1).square().mean() for r, f in pairs])
            (of_x,) = torch.autograd.grad(real.sum(), x, create_graph=True)
            penalty = penalty + over_directions([image.square().sum() for image in of_x])
        return own, penalty

    def adversarial(self, moved: nn.Module) -> Tensor:
        """The adversarial term of G, by D after its own update."""
        scales = copy.deepcopy(moved).requires_grad_(False)(self.x_ij)
        return torch.stack(
            [over_directions([2 * (one - 1).square().mean() for one in scale]) for scale in scales]
        ).sum()
