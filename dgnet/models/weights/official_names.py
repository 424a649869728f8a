"""What each of our modules is called in the authors' released checkpoints: facts about a file format."""

from __future__ import annotations

from torch import nn

from dgnet.models.decoder import NUM_BLOCKS
from dgnet.models.discriminator import NUM_SCALES

UNITS = ("first", "second")  # the two convolutions of each residual block, which are 0 and 1 in the checkpoints


def generator_names() -> dict[str, str]:
    """For E_s and G (`gen_XXXXXXXX.pt`): modules of our DGNet -> theirs."""
    names = {f"structure_encoder.stem.{k}.conv": f"enc_content.model.{k}.conv" for k in range(4)}
    for k in range(NUM_BLOCKS):
        for index, unit in enumerate(UNITS):
            names[f"structure_encoder.blocks.{k}.{unit}.conv"] = f"enc_content.model.4.model.{k}.model.{index}.conv"
            names[f"decoder.blocks.{k}.{unit}.conv"] = f"dec.model.1.model.{k}.model.{index}.conv"
        for layer in range(3):
            names[f"decoder.weight_mlps.{k}.layers.{layer}"] = f"mlp_w{k + 1}.model.{layer}.fc"
            names[f"decoder.bias_mlps.{k}.layers.{layer}"] = f"mlp_b{k + 1}.model.{layer}.fc"

    aspp, branches = "enc_content.model.5", "structure_encoder.branches"
    names[f"{branches}.point.conv"] = f"{aspp}.conv1.conv"
    for k, branch in enumerate(("conv6", "conv12", "conv18")):  # names only: the dilations are 3, 6 and 9
        for layer in range(2):
            names[f"{branches}.dilated.{k}.{layer}.conv"] = f"{aspp}.{branch}.{layer}.conv"
    names[f"{branches}.fuse.conv"] = f"{aspp}.fuse.conv"

    for ours, theirs in (("upsample.0", "3"), ("upsample.1", "5")):
        for part in ("conv", "norm"):
            names[f"decoder.{ours}.{part}"] = f"dec.model.{theirs}.{part}"
    return names | {f"decoder.refine.{k}.conv": f"dec.model.{6 + k}.conv" for k in range(3)}


def appearance_names(backbone: nn.Module) -> dict[str, str]:
    """For E_a (`id_XXXXXXXX.pt`): modules of our DGNet -> theirs; the ResNet has torchvision's names in both."""
    ours = "appearance_encoder"
    return (
        _backbone_names(backbone, f"{ours}.backbone")
        | _head_names(f"{ours}.prim", "classifier1")
        | _head_names(f"{ours}.fine", "classifier2")
    )


def discriminator_names() -> dict[str, str]:
    """For D (`dis_XXXXXXXX.pt`): modules of our Discriminator -> theirs."""
    names = {}
    for scale in range(NUM_SCALES):
        for k in range(5):
            names[f"scales.{scale}.stem.{k}.conv"] = f"cnns.{scale}.{k}.conv"
        for k in range(4):
            for index, unit in enumerate(UNITS):
                names[f"scales.{scale}.blocks.{k}.{unit}.conv"] = f"cnns.{scale}.{5 + k}.model.{index}.conv"
        names[f"scales.{scale}.score"] = f"cnns.{scale}.9"
    return names


def teacher_names(backbone: nn.Module) -> dict[str, str]:
    """For T (`net_last.pth`): modules of our Teacher -> theirs."""
    return _backbone_names(backbone, "backbone") | _head_names("head", "classifier")


def _backbone_names(backbone: nn.Module, ours: str) -> dict[str, str]:
    return {f"{ours}.{name}": f"model.{name}" for name, _ in backbone.named_modules() if name}


def _head_names(ours: str, theirs: str) -> dict[str, str]:
    return {
        f"{ours}.embed": f"{theirs}.add_block.0",
        f"{ours}.norm": f"{theirs}.add_block.1",
        f"{ours}.classifier": f"{theirs}.classifier.0",
    }
