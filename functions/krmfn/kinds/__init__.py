"""Kinds that two or more functions read."""
