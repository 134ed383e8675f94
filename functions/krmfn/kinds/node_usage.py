"""What the pods of a cluster ask of its nodes, summed up so that no pod has to be committed."""

from pydantic import Field

from krmfn.kinds.fields import INTENT_VERSION, Amount, Instant, Name
from krmfn.sdk.model import Kind, Model


class NodeRequests(Model):
    """What the pods on one node request together."""

    name: Name = Field(description="Name of the node.")
    requested: dict[str, Amount] = Field(
        {}, description="Sum of the pods' requests, by resource, as the scheduler counts them."
    )
    pods: int = Field(ge=0, description="How many pods were counted.")


class NodeUsageSpec(Model):
    """Requests on the nodes at one time."""

    observed_at: Instant = Field(description="When the pods were listed.")
    nodes: tuple[NodeRequests, ...] = Field((), description="The nodes.")


class NodeUsage(Kind, api_version=INTENT_VERSION):
    """How much of each node of a cluster is taken; `krmfn collect nodes` makes it."""

    spec: NodeUsageSpec = Field(description="Requests on the nodes.")
