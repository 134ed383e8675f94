"""Names of hosts, with and without a wildcard; semantics of Istio's ``pkg/config/host``."""

from collections.abc import Iterable


def full_name(name: str, namespace: str, domain: str) -> str:
    """Give the full name for what an object calls a host: a name without dots is a Service's."""
    if "." in name or name == "*" or not name:
        return name
    return f"{name}.{namespace}.svc.{domain}"


def is_wildcard(host: str) -> bool:
    """Say whether a name stands for many."""
    return host.startswith("*")


def covers(pattern: str, host: str) -> bool:
    """Say whether all that a name stands for is among what a pattern stands for."""
    if not is_wildcard(pattern):
        return pattern == host
    return len(host) >= len(pattern) - (not is_wildcard(host)) and host.endswith(pattern[1:])


def overlap(one: str, other: str) -> bool:
    """Say whether two names have a host in common."""
    return covers(one, host=other) or covers(other, host=one)


def most_specific(host: str, patterns: Iterable[str]) -> str | None:
    """Give the pattern that is about a host most closely, None when none is about it.

    The name itself goes first, then the longest wildcard.
    """
    fitting = [pattern for pattern in patterns if covers(pattern, host)]
    return min(fitting, key=lambda each: (is_wildcard(each), -len(each), each), default=None)


def spoken(name: str, namespace: str, domain: str) -> tuple[str, ...]:
    """Give the full names that a client's name may mean, in the order in which DNS tries them."""
    ends = (f".{namespace}.svc.{domain}", f".svc.{domain}", f".{domain}", "")
    return tuple(name.removesuffix(".").lower() + end for end in ends)
