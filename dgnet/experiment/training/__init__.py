"""The steps of training a run: checks, teacher, joint training."""
