"""The code of all that is referenced and does not exist; several rules find such."""

from krmfn.mesh_intent_expander.analysis.finding import Code, Level

NOT_FOUND = Code(
    "IST0101", Level.ERROR, "What is referenced must exist.", "ReferencedResourceNotFound"
)
