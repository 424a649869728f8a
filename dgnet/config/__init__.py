"""Every number of a run, in frozen and validated dataclasses.

`preset("market1501")` gives the published experiment, `preset("mannequin")` the one that runs in minutes on a CPU. No
torch is imported here, so that `--help` is instant.
"""

from dgnet.config.data import AugmentConfig, DataConfig, DataName, StoreKind
from dgnet.config.errors import ConfigError
from dgnet.config.loss import LabelStrategy, LossConfig
from dgnet.config.network import FROM_TEACHER, BackboneConfig, CodeSplit, NetworkConfig
from dgnet.config.optim import Decay, OptimConfig, ScheduleConfig
from dgnet.config.plain import flatten, from_dict, to_dict
from dgnet.config.presets import DATA_PRESETS, MODIFIERS, preset
from dgnet.config.run import Precision, RunConfig
from dgnet.config.teacher import TeacherConfig

__all__ = [
    "DATA_PRESETS",
    "FROM_TEACHER",
    "MODIFIERS",
    "AugmentConfig",
    "BackboneConfig",
    "CodeSplit",
    "ConfigError",
    "DataConfig",
    "DataName",
    "Decay",
    "LabelStrategy",
    "LossConfig",
    "NetworkConfig",
    "OptimConfig",
    "Precision",
    "RunConfig",
    "ScheduleConfig",
    "StoreKind",
    "TeacherConfig",
    "flatten",
    "from_dict",
    "preset",
    "to_dict",
]
