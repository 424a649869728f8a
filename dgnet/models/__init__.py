"""The networks: E_s, E_a, G, D, T, and DGNet, which composes them."""
