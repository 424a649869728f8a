"""How a setting is declared, with its default, range and role; and how a class of settings checks its values.

    cycle: float = setting(2.0, NOT_NEGATIVE)
    device: str = setting("auto", role=RUNNING)

The type comes from the annotation. A class of settings calls `check(self, "loss")` once, and checks by hand only what
several of its settings must satisfy together.
"""

from __future__ import annotations

import math
import operator
import os
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from numbers import Integral, Real
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from dgnet.config.errors import SettingError


@dataclass(frozen=True)
class Range:
    """The numbers that a setting (or each number of a tuple) may hold; `wanted` describes them in messages."""

    wanted: str
    least: float = -math.inf
    most: float = math.inf
    above: float = -math.inf
    below: float = math.inf

    def __contains__(self, number: float) -> bool:
        return self.least <= number <= self.most and self.above < number < self.below


ANY: Final = Range("finite", above=-math.inf)
NOT_NEGATIVE: Final = Range("0 or more", least=0)
POSITIVE: Final = Range("above 0", above=0)
AT_LEAST_1: Final = Range("at least 1", least=1)
AT_LEAST_2: Final = Range("at least 2", least=2)
FRACTION: Final = Range("from 0 to 1", least=0, most=1)
BELOW_1: Final = Range("in [0, 1)", least=0, below=1)
BETWEEN_0_AND_1: Final = Range("above 0 and below 1", above=0, below=1)


@dataclass(frozen=True)
class Role:
    """What is still possible when a setting has another value; by default, nothing of this.

    Args:
        resume: a run may be resumed with another value.
        repeat: runs with different values count as repeats of one experiment.
        fit: a trained network can be loaded where this setting has another value.
        local: the setting names a place on this machine, and is left out of model files, which are passed on.
    """

    resume: bool = False
    repeat: bool = False
    fit: bool = False
    local: bool = False


RESULT: Final = Role()  # it changes the result
LEARNING: Final = Role(fit=True)  # it changes how a network learns, but not what a trained network computes
SEED: Final = Role(repeat=True)
RUNNING: Final = Role(resume=True, repeat=True, fit=True)  # where and how a run computes, what it prints and saves
PLACE: Final = Role(resume=True, repeat=True, fit=True, local=True)  # where to find files whose contents are the same
START: Final = Role(resume=True, fit=True, local=True)  # a file that training starts from, read once
SOURCE: Final = Role(resume=True, local=True)  # data sets trained on: to resume, their people are compared instead


def setting(default: Any, limits: Range = ANY, role: Role = RESULT, *, ascending: bool = False) -> Any:
    """A field of a class of settings. `ascending`: no number of a tuple is below the one before it."""
    return field(default=default, metadata={"limits": limits, "role": role, "ascending": ascending})


def part(kind: type) -> Any:
    """A field that holds settings of another class."""
    return field(default_factory=kind)


@cache
def types_of(kind: type) -> dict[str, Any]:
    """The types of a class's settings, by name."""
    hints = get_type_hints(kind)
    return {item.name: hints[item.name] for item in fields(kind)}


def check(settings: Any, prefix: str = "") -> None:
    """Check every setting's type and range; whole numbers become floats where floats are wanted.

    Args:
        settings: a frozen dataclass whose fields were made by `setting` and `part`.
        prefix: what stands before a field's name in a message, such as `loss`.

    Raises:
        SettingError: naming the field, what was found and what it must be.
    """
    kind: type = type(settings)
    kinds = types_of(kind)
    for item in fields(settings):
        name = f"{prefix}.{item.name}" if prefix else item.name
        value = _checked(name, getattr(settings, item.name), kinds[item.name], item.metadata)
        object.__setattr__(settings, item.name, value)


def _checked(name: str, value: Any, kind: Any, about: Any) -> Any:
    """The value, converted to exactly its setting's type. Raises SettingError."""
    if is_dataclass(kind):
        if not isinstance(value, kind):  # type: ignore[arg-type]
            raise SettingError(name, value, f"settings of the class {getattr(kind, '__name__', kind)}")
        return value
    limits, role, ascending = about["limits"], about["role"], about["ascending"]
    if role.local and isinstance(value, os.PathLike):
        value = os.fspath(value)
    plain = _of_type(value, kind)
    if plain is None:
        wanted = _in_words(kind)
        if limits is not ANY:
            wanted += f", {limits.wanted}{' each' if get_origin(kind) is tuple else ''}"
        raise SettingError(name, value, wanted + (", ascending" if ascending else ""))
    parts = plain if isinstance(plain, tuple) else (plain,)
    if any(isinstance(one, int | float) and not isinstance(one, bool) and one not in limits for one in parts):
        raise SettingError(name, value, f"{limits.wanted}{' each' if isinstance(plain, tuple) else ''}")
    if ascending and list(parts) != sorted(parts):
        raise SettingError(name, value, "ascending")
    return plain


def _of_type(value: Any, kind: Any) -> Any:
    """The value as exactly this type, or None where it has another: a bool is not a number, a float not an int."""
    if get_origin(kind) is Literal:
        return next((one for one in get_args(kind) if type(one) is type(value) and one == value), None)
    if get_origin(kind) is tuple:
        return _tuple_of_type(value, get_args(kind))
    if kind is bool:
        return value if isinstance(value, bool) else None
    if kind is str:
        return str(value) if isinstance(value, str) else None
    numbers: Any = Integral if kind is int else Real
    if isinstance(value, bool) or not isinstance(value, numbers):
        return None
    if kind is int:
        return operator.index(value)
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _tuple_of_type(value: Any, kinds: tuple[Any, ...]) -> tuple[Any, ...] | None:
    if not isinstance(value, list | tuple):
        return None
    if kinds[-1] is Ellipsis:
        kinds = kinds[:1] * len(value)
    if len(value) != len(kinds):
        return None
    parts = tuple(_of_type(one, kind) for one, kind in zip(value, kinds, strict=True))
    return None if any(one is None for one in parts) else parts


def _in_words(kind: Any) -> str:
    """How an error message describes a type."""
    if get_origin(kind) is Literal:
        return f"one of {get_args(kind)}"
    if get_origin(kind) is tuple:
        inner, *others = get_args(kind)
        many = {int: "whole numbers", float: "finite numbers", str: "texts"}[inner]
        return f"a list of {many}" if others == [...] else f"{1 + len(others)} {many}"
    return {bool: "true or false", str: "text", int: "a whole number", float: "a finite number"}[kind]
