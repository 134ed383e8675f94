"""The entry point of the container."""

from krmfn.mesh_intent_expander import mesh_intent_expander
from krmfn.sdk import main

main(mesh_intent_expander)
