"""Training: first the teacher, then the joint steps of all the other networks."""
