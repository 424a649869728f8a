"""How good generated people are: against the true swap, by what they keep, by how diverse and how real they look."""
