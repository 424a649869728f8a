"""Where a synthetic person stands and what sees them: cameras, backdrops, light, occluders, sensors."""
