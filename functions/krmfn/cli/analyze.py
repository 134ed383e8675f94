"""`krmfn analyze`: Istio's analysis messages, and krm-fn's own, for objects in files."""

import argparse
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from krmfn.cli.errors import CliError

if TYPE_CHECKING:
    from krmfn.cli.analyzing.messages import Suppression
    from krmfn.mesh_intent_expander.analysis.finding import Finding, Level
    from krmfn.mesh_intent_expander.view import Fleet
    from krmfn.sdk import Resource

_DESCRIPTION = """\
Check Istio, Gateway API and Kubernetes objects as `istioctl analyze` does,
without a cluster, and for what istioctl does not see. Objects below
clusters/NAME/ are those of cluster NAME; all others are every cluster's, but
for those of which a cluster has a copy. A MeshTopology tells of gateways:

  krmfn analyze fleet/
  kubectl get vs,dr,se,svc,pods -A -o yaml | krmfn analyze -

The exit code is 1 when something as bad as the failure threshold was found.
"""
_LEVELS = ("Error", "Warning", "Info")


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "analyze",
        help="check a mesh's objects before they reach a cluster",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("paths", nargs="+", metavar="PATH", help="a file, a folder, or `-` for stdin")
    forms = ("log", "json", "yaml")
    add("-o", "--output", choices=forms, default="log", help="form of stdout (default: log)")
    least = "exit with 1 from this level on (default: Error)"
    add("--failure-threshold", choices=_LEVELS, default="Error", help=least)
    shown = "show messages from this level on (default: Info)"
    add("--output-threshold", choices=_LEVELS, default="Info", help=shown)
    suppressed = "do not tell CODE of objects such as `VirtualService shop/*`; may be repeated"
    add("-S", "--suppress", action="append", default=[], metavar="CODE=OBJECT", help=suppressed)
    config = "the MeshConfig, when no ConfigMap holds it"
    add("--mesh-config", "--meshConfigFile", type=Path, metavar="FILE", help=config)
    networks = "the MeshNetworks, when no ConfigMap holds them"
    add("--mesh-networks", type=Path, metavar="FILE", help=networks)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check objects; stdout gets what was found, stderr all else."""
    from krmfn.cli.analyzing.messages import FORMS, described
    from krmfn.cli.analyzing.objects import read_objects
    from krmfn.mesh_intent_expander.analysis.checking import analyze, reaches
    from krmfn.mesh_intent_expander.analysis.finding import Level

    suppressions = [_suppression(given) for given in args.suppress]
    sources = read_objects(args.paths)
    fleet = _fleet([*_mesh_objects(args), *sources])
    found = [
        finding
        for finding in analyze(fleet, datetime.now(UTC))
        if not any(each.covers(finding) for each in suppressions)
    ]
    shown = [each for each in found if reaches(each.code.level, Level(args.output_threshold))]
    several = len(fleet.clusters) > 1
    told = [described(each, sources.get(each.resource), cluster=several) for each in shown]
    sys.stdout.write(FORMS[args.output](told))
    if not told and args.output == "log":
        print(f"nothing found in {len(sources)} objects", file=sys.stderr)
    return _exit_code(found, Level(args.failure_threshold))


def _exit_code(found: "Iterable[Finding]", threshold: "Level") -> int:
    from krmfn.mesh_intent_expander.analysis.checking import reaches

    return int(any(reaches(each.code.level, threshold) for each in found))


def _suppression(given: str) -> "Suppression":
    from krmfn.cli.analyzing.messages import Suppression

    code, equals, origin = given.partition("=")
    if not equals:
        raise CliError(f'--suppress must be like "IST0101=Kind namespace/name", but is "{given}"')
    return Suppression(code, origin)


def _mesh_objects(args: argparse.Namespace) -> "Iterable[Resource]":
    """Yield what the options give as objects, for the rules read objects."""
    from krmfn.mesh_intent_expander.mesh_config import MESH_CONFIG, MESH_NETWORKS
    from krmfn.sdk import Resource, YamlError, yaml_load

    for kind, file in ((MESH_CONFIG, args.mesh_config), (MESH_NETWORKS, args.mesh_networks)):
        if file is None:
            continue
        try:
            body = yaml_load(file.read_text())
        except (YamlError, UnicodeDecodeError) as error:
            raise CliError(f"{file}: {error}") from error
        if not isinstance(body, dict):
            raise CliError(f"{file}: must hold the fields of {kind}")
        metadata = {"name": kind.lower(), "namespace": "istio-system"}
        yield Resource.of({**body, "apiVersion": "v1alpha1", "kind": kind, "metadata": metadata})


def _fleet(objects: "list[Resource]") -> "Fleet":
    """Give the objects of each cluster; the mesh is what they, and the folders, tell of it."""
    from krmfn.cli.tracing.reading import with_folders
    from krmfn.mesh_intent_expander.mesh_config import root_namespace
    from krmfn.mesh_intent_expander.reading import read_fleet
    from krmfn.mesh_intent_expander.topology import read_mesh
    from krmfn.sdk import FunctionError, Package

    try:
        mesh, _ = read_mesh(Package(objects))
    except FunctionError as error:
        raise CliError("; ".join(each.message for each in error.results)) from error
    if mesh.topology is None:
        mesh = replace(mesh, root_namespace=root_namespace(objects))
    return read_fleet(objects, with_folders(mesh, objects), rendered=True)
