"""What the service is, whether it is well, and what it has done."""

from __future__ import annotations

import os

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

import dgnet
from dgnet.gallery.stores.choice import is_file_address
from dgnet.serve.asking import TheService, answer
from dgnet.serve.refusal import Refusal
from dgnet.serve.schemas import GalleryInfo, LimitsInfo, ModelInfo, ServiceInfo
from dgnet.serve.service import rates

router = APIRouter(tags=["service"])


@router.get("/v1/info", response_model=ServiceInfo)
async def info(service: TheService) -> Response:
    """The model, the gallery, and what a request may ask for."""
    found = await service.ask(service.info)
    calibration = await service.ask(service.calibration)
    fars = rates(calibration)
    address, meta, limits = service.gallery.store.address, service.gallery.store.meta, service.limits
    height, width = service.model.size
    return answer(
        ServiceInfo(
            version=dgnet.__version__,
            model=ModelInfo(
                name=_last(meta.model_name),
                height=height,
                width=width,
                dim=meta.dim,
                generates=service.model.can_draw,
            ),
            gallery=GalleryInfo(
                name=_last(address),
                num_entries=found.num_entries,
                num_identities=found.num_identities,
                cameras=found.cameras,
                centred=list(found.centred),
                earliest=found.earliest,
                latest=found.latest,
                calibrated=calibration is not None,
                fars=fars,
                far=fars[0] if fars else None,
                writable=not is_file_address(address) or os.access(address, os.W_OK),
                temporary=service.about.temporary,
            ),
            limits=LimitsInfo(
                images=limits.images,
                bytes=limits.bytes,
                pixels=limits.pixels,
                top=limits.top,
                people=limits.people,
                steps=limits.steps,
            ),
            token_required=service.about.token_required,
        )
    )


@router.get("/healthz", response_class=PlainTextResponse)
async def health() -> str:
    """Whether the process answers at all; else restart it."""
    return "alive\n"


@router.get("/readyz", response_class=PlainTextResponse, responses={503: {"description": "not ready"}})
async def ready(service: TheService) -> str:
    """Whether it can work: the model's thread runs, and the gallery can be read. Else send no requests."""
    if not service.thread.alive:
        raise Refusal(503, "not_ready", "The model's thread has ended; restart the service.", {"Retry-After": "5"})
    await service.ask(service.gallery.store.count)
    return "ready\n"


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(service: TheService) -> Response:
    """Figures for Prometheus."""
    return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _last(name: str) -> str:
    """The last part of a path or an address: the rest is nobody's business."""
    return name.rstrip("/").replace("\\", "/").rpartition("/")[2] or name
