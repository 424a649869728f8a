"""Galleries with the models that make their features: opened, filled from data sets, searched, made anew, exported."""
