"""What a server's refusal means to the person who asked, and how to mend it."""

import re

from krmfn.cli.errors import CliError


class NotFoundError(CliError):
    """The server answers, but does not have what was asked for."""


_MEANINGS = (
    (
        r"remote error: tls|conn could not be established|broken pipe|reset by peer",
        "{place} hangs up; it may want a certificate that it knows: --cert-file and --key-file",
    ),
    (
        r"x509|certificate|tls: ",
        "the certificate of {place} cannot be trusted; name its authority with --ca-file",
    ),
    (r"unmarshal|\byaml:", "what is there is no index of charts"),
    (r"gave HTTP response to HTTPS", "{place} speaks plain HTTP; allow that with --plain-http"),
    (
        r"\b40[13]\b|[Uu]nauthorized|credential not found|denied",
        "{place} wants a user it knows: --username and --password-stdin, or `helm registry login`",
    ),
    (
        r"refused|no such host|no route|unreachable|timeout|deadline|\bEOF\b",
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
