"""Calibrations in galleries: kept as a note, and read only for the model that they were measured with."""

from __future__ import annotations

from dgnet.gallery.calibration.calibration import Calibration
from dgnet.gallery.calibration.curve import CalibrationError
from dgnet.gallery.stores.protocol import CALIBRATION, Store


def keep_calibration(store: Store, calibration: Calibration) -> None:
    """Keep it, in place of an older one. Raises CalibrationError where it is of another model than the gallery's."""
    _same_model(store, calibration)
    store.set_note(CALIBRATION, calibration.to_json())


def stored_calibration(store: Store) -> Calibration | None:
    """The gallery's calibration; None where it has none. Raises CalibrationError where it cannot be read."""
    text = store.note(CALIBRATION)
    if text is None:
        return None
    try:
        found = Calibration.from_json(text)
    except CalibrationError as error:
        raise CalibrationError(f"{store.address}: {error}") from error
    _same_model(store, found)
    return found


def require_calibration(store: Store) -> Calibration:
    """The gallery's calibration. Raises CalibrationError where it has none, saying how to make one."""
    found = stored_calibration(store)
    if found is None:
        raise CalibrationError(
            f"{store.address}: not calibrated, so similarities say nothing of how sure they are; "
            "run `dgnet gallery calibrate` on it first"
        )
    return found


def _same_model(store: Store, calibration: Calibration) -> None:
    if calibration.model_hash != store.meta.model_hash:
        raise CalibrationError(
            f"{store.address}: the calibration is of another model ({calibration.model_hash[:12]}) than the gallery "
            f"({store.meta.model_hash[:12]}); calibrate again"
        )
