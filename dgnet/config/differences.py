"""What it means that two runs' settings differ, by the role that stands beside each setting."""

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
    """The settings in which two differ and which forbid what is asked: name -> both values.

    Args:
        question: `resume`: may a run of `one` go on with `other`? `repeat`: are both runs of one experiment, but for
            their seeds? `fit`: do networks trained under `one` fit into `other`?
    """
    names = [name for name, role in roles() if not getattr(role, question)]
    pairs = {name: (_value(one, name), _value(other, name)) for name in names}
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new}


def without_local(settings: Any) -> Any:
    """The same settings with nothing in them that names a place on this machine: for a file that travels."""
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
