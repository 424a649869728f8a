"""Backdrops of the edition `wild`, each painted anew from its own seed within milliseconds."""
