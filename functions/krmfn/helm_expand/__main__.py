"""The entry point of the container."""

from krmfn.helm_expand import expand
from krmfn.sdk import main

main(expand)
