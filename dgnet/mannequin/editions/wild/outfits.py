"""Outfits: what is worn together, by season and sex."""

from __future__ import annotations

import enum
from dataclasses import replace

import numpy as np

from dgnet.mannequin.clothes.cloth import Cloth
from dgnet.mannequin.clothes.cuts import Hood, Scarf, Shoes, Top, Trousers
from dgnet.mannequin.clothes.figures.panels import Below, SideStripe
from dgnet.mannequin.clothes.garment import Garment, Skirt
from dgnet.mannequin.colour import Colour
from dgnet.mannequin.editions.wild.colours import draw_beside, draw_denim, draw_leather, draw_vivid, draw_worn
from dgnet.mannequin.editions.wild.fabrics import draw_cloth

_WHITE, _BLACK = (0.93, 0.93, 0.92), (0.09, 0.09, 0.09)


class Season(enum.Enum):
    """How warmly somebody is dressed."""

    HOT = "hot"
    MILD = "mild"
    COLD = "cold"


def draw_outfit(rng: np.random.Generator, *, feminine: bool) -> tuple[Garment, ...]:
    """Garments from the inside out."""
    season = list(Season)[int(rng.choice(3, p=[0.42, 0.36, 0.22]))]
    dressed = feminine and rng.random() < 0.20
    if dressed:
        legs, body = _bare_legs(rng, season), [draw_dress(rng, season)]
    elif feminine and rng.random() < 0.18:
        legs, body = [*_bare_legs(rng, season), draw_skirt(rng)], [draw_shirt(rng, season)]
    else:
        legs, body = [draw_trousers(rng, season, feminine=feminine)], [draw_shirt(rng, season)]
    outer = {Season.HOT: 0.05, Season.MILD: 0.55, Season.COLD: 1.0}[season]
    if rng.random() < outer:
        body.append(draw_jacket(rng, season))
    shoes = draw_shoes(rng, season, feminine=feminine)
    over = shoes.cut.height > 0.14 if isinstance(shoes.cut, Shoes) else False
    garments = [*legs, shoes] if over else [shoes, *legs]
    # A shirt that is tucked in lies under the trousers.
    tucked = not dressed and rng.random() < 0.25
    garments = [body[0], *_at_the_waist(garments, rng), *body[1:]] if tucked else [*garments, *body]
    if rng.random() < (0.05 if season is Season.HOT and feminine else 0.0 if season is Season.HOT else 0.10):
        # A hood has the jacket's colour, a headscarf its own.
        own = feminine and rng.random() < 0.5
        cloth = draw_cloth(_colour(rng), rng, plain=0.7) if own else Cloth(garments[-1].cloth.colour)
        garments.append(Garment(Hood(), cloth, float(rng.uniform(0.012, 0.028))))
    if rng.random() < {Season.HOT: 0.01, Season.MILD: 0.10, Season.COLD: 0.30}[season]:
        garments.append(Garment(Scarf(), draw_cloth(_colour(rng), rng, plain=0.4), float(rng.uniform(0.012, 0.03))))
    return tuple(garments)


def recoloured(garments: tuple[Garment, ...], rng: np.random.Generator) -> tuple[Garment, ...]:
    """The same outfit, but for the colour of one garment."""
    visible = [k for k, garment in enumerate(garments) if garment.creases]
    chosen = visible[int(rng.integers(len(visible)))]
    before = garments[chosen]
    after = replace(before, cloth=replace(before.cloth, colour=draw_beside(before.cloth.colour, rng, 0.2)))
    return (*garments[:chosen], after, *garments[chosen + 1 :])


def draw_shirt(rng: np.random.Generator, season: Season) -> Garment:
    """T-shirt, shirt, top or jumper."""
    if season is Season.HOT:
        sleeve = float(rng.choice([0.04, 0.22, 0.34, 0.46, 0.97], p=[0.10, 0.25, 0.40, 0.15, 0.10]))
    else:
        sleeve = float(rng.choice([0.36, 0.70, 0.97], p=[0.15, 0.15, 0.70]))
    cut = Top(
        sleeve=sleeve,
        hem=float(rng.uniform(0.49, 0.585)),
        collar=float(rng.choice([0.0, 0.0, 0.012])),
        low=float(rng.choice([0.012, 0.030, 0.060])),
    )
    return Garment(cut, draw_cloth(_colour(rng), rng), float(rng.uniform(0.006, 0.030)))


def draw_jacket(rng: np.random.Generator, season: Season) -> Garment:
    """Jacket, cardigan, waistcoat or coat, open or closed."""
    opened = float(rng.uniform(0.018, 0.055)) if rng.random() < 0.5 else 0.0
    sleeve = 0.03 if rng.random() < 0.08 else float(rng.uniform(0.90, 0.99))
    looseness = float(rng.uniform(0.026, 0.055) if season is Season.COLD else rng.uniform(0.018, 0.034))
    cloth = draw_cloth(_colour(rng), rng, plain=0.55)
    collar = float(rng.choice([0.0, 0.015, 0.03]))
    if rng.random() < (0.45 if season is Season.COLD else 0.15):
        skirt = Skirt(float(rng.uniform(0.20, 0.44)), float(rng.uniform(0.0, 0.12)), open_by=6 * opened)
        return Garment(Top(sleeve, 0.52, collar, opened), cloth, looseness, skirt=skirt)
    return Garment(Top(sleeve, float(rng.uniform(0.47, 0.58)), collar, opened), cloth, looseness)


def draw_dress(rng: np.random.Generator, season: Season) -> Garment:
    """A dress, from shoulder straps to long sleeves, from short to the ankle."""
    sleeve = float(rng.choice([0.03, 0.20, 0.36])) if season is Season.HOT else float(rng.choice([0.5, 0.97]))
    cut = Top(sleeve, 0.50, low=float(rng.choice([0.03, 0.06])))
    return Garment(cut, draw_cloth(_colour(rng), rng), float(rng.uniform(0.004, 0.016)), skirt=_draw_skirt(rng))


def draw_skirt(rng: np.random.Generator) -> Garment:
    """A skirt, from the waist."""
    cut = Trousers(0.50, waist=float(rng.uniform(0.59, 0.64)))
    return Garment(cut, draw_cloth(_colour(rng), rng), float(rng.uniform(0.004, 0.016)), skirt=_draw_skirt(rng))


def draw_trousers(rng: np.random.Generator, season: Season, *, feminine: bool) -> Garment:
    """Jeans, trousers, leggings or shorts."""
    denim = rng.random() < 0.38
    colour = draw_denim(rng) if denim else _colour(rng)
    cloth = draw_cloth(colour, rng, plain=0.97 if denim else 0.82)
    if not denim and rng.random() < 0.10:
        cloth = Cloth(colour, ((draw_beside(colour, rng), SideStripe()),))
    if season is Season.HOT and rng.random() < 0.38:
        cut = Trousers(float(rng.uniform(0.27, 0.44)), flare=0.2)
        return Garment(cut, cloth, float(rng.uniform(0.006, 0.028)))
    if feminine and rng.random() < 0.30:
        return Garment(Trousers(float(rng.uniform(0.06, 0.13)), flare=0.0), cloth, 0.003)
    cut = Trousers(float(rng.uniform(0.045, 0.085)), flare=float(rng.choice([0.0, 0.8, 2.2], p=[0.45, 0.45, 0.10])))
    return Garment(cut, cloth, float(rng.uniform(0.006, 0.026)))


def draw_shoes(rng: np.random.Generator, season: Season, *, feminine: bool) -> Garment:
    """Sandals, shoes, trainers or boots."""
    boots = {Season.HOT: 0.04, Season.MILD: 0.20, Season.COLD: 0.45}[season]
    if rng.random() < boots:
        tall = feminine and rng.random() < 0.5
        cut = Shoes(float(rng.uniform(0.18, 0.29) if tall else rng.uniform(0.085, 0.135)))
        return Garment(cut, Cloth(draw_leather(rng), ((_BLACK, Below(0.012)),)), 0.012, creases=False)
    if season is Season.HOT and rng.random() < 0.30:
        return Garment(Shoes(0.05, bare=True), Cloth(draw_leather(rng)), 0.006, creases=False)
    kind = rng.random()
    colour = _WHITE if kind < 0.28 else _BLACK if kind < 0.60 else draw_worn(rng) if kind < 0.85 else draw_vivid(rng)
    sole = _WHITE if rng.random() < 0.5 else _BLACK if rng.random() < 0.8 else draw_vivid(rng)
    cut = Shoes(float(rng.uniform(0.045, 0.075)))
    return Garment(cut, Cloth(colour, ((sole, Below(0.017)),)), 0.010, creases=False)


def _at_the_waist(garments: list[Garment], rng: np.random.Generator) -> list[Garment]:
    """The garments, trousers and skirts ending at the waist, where a shirt that is tucked in comes out."""
    waist = 0.70 if rng.random() < 0.06 else float(rng.uniform(0.56, 0.62))  # now and then dungarees
    return [replace(each, cut=replace(each.cut, waist=waist)) if isinstance(each.cut, Trousers) else each
            for each in garments]  # fmt: skip


def _bare_legs(rng: np.random.Generator, season: Season) -> list[Garment]:
    """Nothing under a skirt, or tights or leggings."""
    if rng.random() < (0.15 if season is Season.HOT else 0.75):
        colour = _BLACK if rng.random() < 0.7 else _colour(rng)
        return [Garment(Trousers(0.04, flare=0.0), Cloth(colour), 0.001)]
    return []


def _draw_skirt(rng: np.random.Generator) -> Skirt:
    pleats = int(rng.choice([0, 0, 5, 7, 9]))
    hem = float(rng.choice([rng.uniform(0.34, 0.44), rng.uniform(0.22, 0.34), rng.uniform(0.07, 0.22)]))
    return Skirt(hem, float(rng.uniform(0.0, 0.35) if hem > 0.3 else rng.uniform(0.0, 0.18)), pleats)


def _colour(rng: np.random.Generator) -> Colour:
    return draw_worn(rng) if rng.random() < 0.85 else draw_vivid(rng)
