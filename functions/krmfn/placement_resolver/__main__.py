"""The entry point of the container."""

from krmfn.placement_resolver import placement_resolver
from krmfn.sdk import main

main(placement_resolver)
