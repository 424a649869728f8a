"""Settings as plain dictionaries, as YAML and JSON hold them, and back."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from typing import Any

from dgnet.config.errors import ConfigError, SettingError, nearest, require
from dgnet.config.run import RunConfig
from dgnet.config.setting import types_of

# Settings of earlier versions, and what replaces them. Saved runs and models that contain them can still be read.
REPLACED = {
    "compile": "execution: compile",
    "recompute": "execution: recompute",
    "cuda_graphs": "execution: cuda_graphs",
    "loss.redrawn": "loss.redressed",
}


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
        ConfigError: for a key that does not exist (the nearest one is named) or a value that cannot work.
    """
    require(isinstance(values, dict), prefix.rstrip(".") or "settings", values, "a mapping of settings to their values")
    types = types_of(kind)
    arguments: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if key not in types:
            if name in REPLACED:
                raise ConfigError(f"{name}: no such setting any more; write {REPLACED[name]}")
            raise ConfigError(f"{name}: no such setting{nearest(str(key), list(types))}")
        arguments[key] = from_dict(value, types[key], f"{name}.") if is_dataclass(types[key]) else value
    try:
        return kind(**arguments)
    except SettingError as error:
        # The error names the field from its own class on (backbone.layers); that class may be a part of another.
        outside = prefix.rstrip(".").rpartition(".")[0]
        if not outside:
            raise
        raise SettingError(f"{outside}.{error.name}", error.found, error.wanted) from None


def from_saved(values: dict[str, Any]) -> RunConfig:
    """The settings that this version of dgnet or an earlier one saved with a run, a checkpoint or a model.

    Raises:
        ConfigError: as `from_dict` does.
    """
    require(isinstance(values, dict), "settings", values, "a mapping of settings to their values")
    saved = _given(values)
    # Where two of these were on, the first took effect: only steps neither compiled nor recomputed were recorded.
    asked = [name for name in ("compile", "recompute", "cuda_graphs") if saved.pop(name, False) is True]
    if asked and saved.get("joint", True):
        saved["execution"] = asked[0]
    loss = saved.get("loss")
    if isinstance(loss, dict) and "redrawn" in loss:
        loss["redressed"] = loss.pop("redrawn")
    config: RunConfig = from_dict(saved)
    return config


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """`values` without the entries that are None: these mean the default."""
    pairs = {key: _given(value) if isinstance(value, dict) else value for key, value in values.items()}
    return {key: value for key, value in pairs.items() if value is not None}
