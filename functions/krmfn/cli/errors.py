"""Errors that a person can mend."""


class CliError(Exception):
    """What went wrong and how to mend it, in words for the user."""
