"""Features by torch, onnxruntime and openvino, on one core: python benchmarks/engines.py [--size 128x64]

A MobileNetV2 of random weights computes both re-id features of images of noise, in turns, so that whatever else the
machine does meets all engines alike. Printed for each: images per second of one core (processor time, one pass per
image and, below, with the mirrored pass that search uses), the ratio to eager torch, and the smallest cosine to torch's
features. Engines whose packages are missing are left out. --backbone resnet: ResNet-50.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch.nn.functional import cosine_similarity

from dgnet.config import BackboneConfig, preset
from dgnet.export.engine import through_engine
from dgnet.export.file_model import ExportError
from dgnet.models.dgnet import DGNet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="128x64", help="HEIGHTxWIDTH")
    parser.add_argument("--backbone", default="mobilenet_v2", help="mobilenet_v2, efficientnet_lite0 or resnet")
    parser.add_argument("--last_stride", type=int, default=1, choices=(1, 2))
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=8)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    height, width = (int(one) for one in arguments.size.split("x"))
    base = preset("market1501")
    backbone = BackboneConfig(kind=arguments.backbone, last_stride=arguments.last_stride)
    x = torch.randn(arguments.batch, 3, height, width)
    with tempfile.TemporaryDirectory() as cache:
        data = replace(base.data, size=(height, width), cache=cache)
        config = replace(base, data=data, network=replace(base.network, backbone=backbone))
        model = DGNet(config.network, 0).eval()
        ways: dict[str, Callable[[torch.Tensor], dict[str, torch.Tensor]]] = {
            "torch": lambda images: model.features(images)._asdict()
        }
        for engine in ("onnxruntime", "openvino"):
            try:
                ways[engine] = through_engine(model, config, engine)
            except ExportError as error:
                print(f"{engine}: left out: {error}")
        seconds = dict.fromkeys(ways, float("inf"))
        with torch.inference_mode():
            features = {name: way(x) for name, way in ways.items()}
            for _ in range(arguments.rounds):
                for name, way in ways.items():
                    began = time.process_time()
                    way(x)
                    seconds[name] = min(seconds[name], time.process_time() - began)
    print(
        f"{arguments.backbone} (last stride {arguments.last_stride}) at {arguments.size}, batches of {arguments.batch}"
    )
    print(f"{'':12}{'images/s':>9}{'mirrored':>10}{'ratio':>8}   cosine")
    for name in ways:
        rate = arguments.batch / seconds[name]
        cosine = min(
            float(cosine_similarity(features[name][part], one).min()) for part, one in features["torch"].items()
        )
        print(f"{name:12}{rate:9.0f}{rate / 2:10.0f}{seconds['torch'] / seconds[name]:8.2f}   {cosine:.6f}")


if __name__ == "__main__":
    main()
