"""How a model is measured, and where its report goes."""
