"""Tailrace: a self-hosted event pipeline with the analytics built in."""

__version__ = "0.1.0"
