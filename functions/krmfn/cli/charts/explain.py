"""What a server's refusal means to the person who asked, and how to mend it."""

import re

from krmfn.cli.errors import CliError


class NotFoundError(CliError):
    """The server answers, but does not have what was asked for."""


_MEANINGS = (
    (
        r"x509|certificate|tls: ",
        "the certificate of {place} cannot be trusted; name its authority with --ca-file",
    ),
    (r"gave HTTP response to HTTPS", "{place} speaks plain HTTP; allow that with --plain-http"),
    (
        r"\b40[13]\b|[Uu]nauthorized|credential not found|denied",
        "{place} wants a user it knows: --username and --password-stdin, or `helm registry login`",
    ),
    (
        r"refused|no such host|no route|unreachable|timeout|deadline|\bEOF\b|reset by peer",
        "{place} cannot be reached",
    ),
)
_NOT_FOUND = re.compile(r"\b404\b|not found|name unknown")


def failed(address: str, place: str, message: str) -> CliError:
    """Give the error for a person out of Helm's message about an address at a place."""
    for pattern, meaning in _MEANINGS:
        if re.search(pattern, message):
            return CliError(f'cannot fetch "{address}": {meaning.format(place=place)} ({message})')
    if _NOT_FOUND.search(message):
        return NotFoundError(f'cannot fetch "{address}": {place} does not have it ({message})')
    return CliError(f'cannot fetch "{address}": {message}')
