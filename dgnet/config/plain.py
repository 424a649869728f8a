"""Settings as plain dictionaries, as YAML and JSON hold them, and back."""

from __future__ import annotations

from dataclasses import asdict, fields, is_dataclass
from typing import Any, get_type_hints

from dgnet.config.errors import ConfigError, nearest, require
from dgnet.config.run import RunConfig


def to_dict(config: RunConfig) -> dict[str, Any]:
    """Plain nested dictionaries of strings, numbers and lists, as written to YAML and JSON."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return list(value) if isinstance(value, tuple) else value

    result: dict[str, Any] = plain(asdict(config))
    return result


def flatten(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """{'a': {'b': 1}} -> {'a.b': 1}."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def from_dict(values: dict[str, Any], kind: type = RunConfig, prefix: str = "") -> Any:
    """Rebuild a configuration from `to_dict`'s result.

    Raises:
        ConfigError: for a key that does not exist (the nearest one is named) or a value of the wrong type.
    """
    hints = get_type_hints(kind)
    known = [item.name for item in fields(kind)]
    arguments: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            raise ConfigError(f"{prefix}{key}: no such setting{nearest(key, known)}")
        hint = hints[key]
        if is_dataclass(hint):
            require(isinstance(value, dict), f"{prefix}{key}", value, "a mapping of settings")
            arguments[key] = from_dict(value, hint, f"{prefix}{key}.")  # type: ignore[arg-type]
        else:
            arguments[key] = tuple(value) if isinstance(value, list) else value
    return kind(**arguments)
