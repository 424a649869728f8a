"""How a run comes about: its checks, its teacher, its model."""
