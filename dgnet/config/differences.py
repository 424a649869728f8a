"""Which differences between the settings of two runs matter, by the role of each setting (`setting.Role`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal

from dgnet.config.run import RunConfig
from dgnet.config.setting import Role, types_of

Question = Literal["resume", "repeat", "fit"]


def roles(kind: type = RunConfig, prefix: str = "") -> Iterator[tuple[str, Role]]:
    """The dotted name and the role of every setting."""
    for item in fields(kind):
        inner = types_of(kind)[item.name]
        if is_dataclass(inner):
            yield from roles(inner, f"{prefix}{item.name}.")  # type: ignore[arg-type]
        else:
            yield f"{prefix}{item.name}", item.metadata["role"]


def differing(one: RunConfig, other: RunConfig, question: Question) -> dict[str, tuple[Any, Any]]:
    """The settings that differ so that the answer to `question` is no: name -> both values.

    Args:
        question: `resume`: may a run that began with `one` continue with `other`? `repeat`: are runs with `one` and
            `other` repeats of one experiment? `fit`: can networks trained with `one` be loaded with `other`?
    """
    names = [name for name, role in roles() if not getattr(role, question)]
    pairs = {name: (_value(one, name), _value(other, name)) for name in names}
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new}


def without_local(settings: Any) -> Any:
    """The same settings, with those that name a place on this machine set to their defaults: for files passed on."""
    changed: dict[str, Any] = {}
    for item in fields(settings):
        value = getattr(settings, item.name)
        if is_dataclass(value):
            changed[item.name] = without_local(value)
        elif item.metadata["role"].local:
            changed[item.name] = item.default
    return replace(settings, **changed)


def _value(config: Any, name: str) -> Any:
    for word in name.split("."):
        config = getattr(config, word)
    return config
