"""A synthetic person's body: anatomy, build, gait, hair and bags."""
