"""How joint steps run: as written, compiled, recomputed in the backward pass, or recorded as CUDA graphs."""
