"""Hypothesis without a deadline: a test's time says more about the machine's other work than about the test."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")
