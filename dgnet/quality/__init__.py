"""How good generated people are: compared with true swaps, and by consistency, diversity and realism."""
