"""A small function, for tests: it writes a ConfigMap for everybody whom a Greeting names."""

from collections.abc import Iterable
from typing import Any

from krmfn.sdk import Generated, Package, Resource, Result, error, function


@function("greeter", config="Greeter", reads=("test.krmfn.dev/Greeting",))
def greet(config: Any, package: Package) -> Iterable[Resource | Generated | Result]:
    """Greet everybody."""
    from .intents import Greeting

    for greeting in package.of(Greeting):
        yield from (_card(greeting, name, config.spec.prefix) for name in greeting.spec.names)
        if greeting.spec.problem:
            yield error(f"must not say {greeting.spec.problem}", code="rude", at=greeting)


def _card(greeting: Any, name: str, prefix: str) -> Generated:
    place = greeting.spec.place(name)
    card = Resource.new("v1", "ConfigMap", name, data={"text": f"{prefix}{greeting.spec.text}"})
    return Generated(card.at(place) if place else card, by=greeting)
