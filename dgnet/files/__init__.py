"""Files that appear whole or not at all, the cache, downloads, and tensors read safely."""
