"""Every setting of a run, in frozen and validated dataclasses.

`preset("market1501")` gives the published experiment, `preset("mannequin")` the one that runs in minutes on a CPU. No
torch is imported here, so that `--help` is instant.
"""

from dgnet.config.data import AugmentConfig, DataConfig, DataName, StoreKind
from dgnet.config.differences import differing, without_local
from dgnet.config.errors import ConfigError
from dgnet.config.loss import LabelStrategy, LossConfig
from dgnet.config.network import FROM_TEACHER, IMAGENET, BackboneConfig, CodeSplit, NetworkConfig, Pool
from dgnet.config.optim import Decay, OptimConfig, ScheduleConfig
from dgnet.config.plain import REPLACED, flatten, from_dict, from_saved, to_dict
from dgnet.config.presets import DATA_PRESETS, MODIFIERS, preset
from dgnet.config.run import Execution, Precision, RunConfig
from dgnet.config.teacher import TeacherConfig

__all__ = [
    "DATA_PRESETS",
    "FROM_TEACHER",
    "IMAGENET",
    "MODIFIERS",
    "REPLACED",
    "AugmentConfig",
    "BackboneConfig",
    "CodeSplit",
    "ConfigError",
    "DataConfig",
    "DataName",
    "Decay",
    "Execution",
    "LabelStrategy",
    "LossConfig",
    "NetworkConfig",
    "OptimConfig",
    "Pool",
    "Precision",
    "RunConfig",
    "ScheduleConfig",
    "StoreKind",
    "TeacherConfig",
    "differing",
    "flatten",
    "from_dict",
    "from_saved",
    "preset",
    "to_dict",
    "without_local",
]
