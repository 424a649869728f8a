"""Files written whole or not at all, the cache, downloads, and tensors read without running code."""
