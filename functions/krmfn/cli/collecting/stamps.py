"""The annotations that tell what was collected where, when and by which command."""

from krmfn.cli.collecting.objects import Body
from krmfn.kinds.fleet import CLUSTER, OBSERVED_AT
from krmfn.sdk.dumper import dump
from krmfn.sdk.ownership import OWNER
from krmfn.sdk.resource import LOCAL_CONFIG, merge_patch


def stamped(body: Body, cluster: str, observed_at: str, owner: str) -> str:
    """Give the text of an object's file, annotated.

    Args:
        body: the plain values.
        cluster: the cluster that it tells about; "" for a fleet.
        observed_at: RFC 3339 instant of the observation.
        owner: the command that wrote it.
    """
    annotations = {
        LOCAL_CONFIG: "true",
        **({CLUSTER: cluster} if cluster else {}),
        OBSERVED_AT: observed_at,
        OWNER: owner,
    }
    return dump(merge_patch(body, {"metadata": {"annotations": annotations}}))
