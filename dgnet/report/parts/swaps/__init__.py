"""Parts that show swaps: people whom the model has drawn."""
