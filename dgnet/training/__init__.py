"""Training: the teacher first, then the joint step, over and over."""
