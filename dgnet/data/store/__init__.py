"""Images decoded and resized once, in one file that all runs share."""
