"""Names of what is written: readable, valid for Kubernetes, one for each intent."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

FOLDER = "placement"
_LONGEST = 63  # of a label value
_HASH = 8
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def key_of(intent: Any) -> str:
    """Give the name of an intent, with its namespace where it has one: ``name``, ``ns/name``."""
    metadata = intent.metadata
    return f"{metadata.namespace}/{metadata.name}" if metadata.namespace else metadata.name


def slug_of(intent: Any) -> str:
    """Give the key of an intent in a form that labels, names and files take."""
    return slug(*key_of(intent).split("/", 1))


def slug(*parts: str) -> str:
    """Give a DNS subdomain of at most 63 characters, a different one for different parts.

    Parts are joined with dots. What is no name, or too long, loses its odd characters and gets a
    hash.
    """
    text = ".".join(parts)
    dotted = len(parts) > 1 and any("." in part for part in parts)
    if _SUBDOMAIN.fullmatch(text) and len(text) <= _LONGEST and not dotted:
        return text
    digest = sha256("/".join(parts).encode(errors="surrogatepass")).hexdigest()[:_HASH]
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower())[: _LONGEST - _HASH - 1].strip("-")
    return f"{plain}-{digest}" if plain else digest


def file_of(intent: Any, name: str) -> str:
    """Give the file of something that is written for an intent."""
    return f"{FOLDER}/{slug_of(intent)}/{name}.yaml"


def folder_name(name: str) -> str:
    """Give a name as one part of a path."""
    return re.sub(r"[/\\]|^\.+$", "-", name)


def filled(template: str, names: Mapping[str, str]) -> str:
    """Put names into a template, as in ``edge-{cluster}``."""
    return re.sub(r"\{(\w+)\}", lambda found: names[found[1]], template)
