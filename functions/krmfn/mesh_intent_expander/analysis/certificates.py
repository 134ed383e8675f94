"""Certificates as far as a Gateway's credential is judged by them: their form and their time.

Source: RFC 7468 (PEM), RFC 5280 section 4.1 (the parts of a certificate), X.690 (DER).
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s(.*?)-----END \1-----", re.DOTALL)
_SEQUENCE, _VERSION = 0x30, 0xA0
_TIMES = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}
_LONG_FORM = 0x80
_PARTS, _SIGNED_PARTS, _VALIDITY = 3, 6, 3


class Validity(NamedTuple):
    """From when to when a certificate holds, in UTC."""

    begin: datetime
    end: datetime


class _Element(NamedTuple):
    tag: int
    content: bytes


def validity(text: bytes) -> Validity:
    """Read when the first certificate of a PEM text holds.

    Raises:
        ValueError: the text is not PEM, or holds something else than a certificate.
    """
    block = _PEM.search(text)
    if block is None:
        raise ValueError("must be PEM")
    try:
        (certificate, *_) = _elements(b64decode(b"".join(block[2].split()), validate=True))
        signed, _, _ = _sequence(certificate, _PARTS)
        parts = [each for each in _sequence(signed, _SIGNED_PARTS) if each.tag != _VERSION]
        begin, end = _sequence(parts[_VALIDITY], 2)
        return Validity(_time(begin), _time(end))
    except (binascii.Error, ValueError, IndexError) as error:
        raise ValueError("must be a certificate") from error


def _sequence(element: _Element, fewest: int) -> list[_Element]:
    found = list(_elements(element.content))
    if element.tag != _SEQUENCE or len(found) < fewest:
        raise ValueError("must be a sequence")
    return found


def _elements(content: bytes) -> Iterator[_Element]:
    """Yield the elements of a text in DER one after the other."""
    while content:
        tag, length, start = content[0], content[1], 2
        if length & _LONG_FORM:
            start += length - _LONG_FORM
            length = int.from_bytes(content[2:start], "big")
        if start + length > len(content):
            raise ValueError("must hold as much as it says")
        yield _Element(tag, content[start : start + length])
        content = content[start + length :]


def _time(element: _Element) -> datetime:
    """Read a time; years of two digits are those from 1950 to 2049."""
    text = element.content.decode("ascii")
    read = datetime.strptime(text, _TIMES.get(element.tag, "")).replace(tzinfo=UTC)
    is_past = element.tag == min(_TIMES) and read.year >= 2050
    return read.replace(year=read.year - 100) if is_past else read
