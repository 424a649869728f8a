"""Galleries: people kept with their features, to be added, found, removed and told apart."""
