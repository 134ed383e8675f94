"""The entry point of the container."""

from krmfn.helm_expand import helm_expand
from krmfn.sdk import main

main(helm_expand)
