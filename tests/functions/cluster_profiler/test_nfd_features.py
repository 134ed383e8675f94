"""Features from NodeFeature objects and from labels."""

from typing import Any

import pytest

from krmfn.cluster_profiler.nfd import (
    Expression,
    Features,
    RuleError,
    Term,
    features_of,
    features_of_labels,
    match_features,
    short_flags,
)


def node_feature(name: str, namespace: str, **features: Any) -> dict[str, Any]:
    labels = {"nfd.node.kubernetes.io/node-name": "w1"}
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"metadata": metadata, "spec": {"features": features}}


def attributes(**values: Any) -> dict[str, Any]:
    return {"cpu.model": {"elements": values}}


def labels(**named: str) -> dict[str, str]:
    return {f"feature.node.kubernetes.io/{name}": value for name, value in named.items()}


def test_a_spec_is_read_with_all_three_types_of_sets() -> None:
    features = Features.of(
        {
            "features": {
                "flags": {"cpu.cpuid": {"elements": {"AVX2": {}}}},
                "attributes": attributes(family="6"),
                "instances": {"pci.device": {"elements": [{"attributes": {"class": "0200"}}]}},
            }
        }
    )
    assert features == Features(
        {"cpu.cpuid": frozenset({"AVX2"})},
        {"cpu.model": {"family": "6"}},
        {"pci.device": ({"class": "0200"},)},
    )
    assert short_flags(features) == ("cpu.AVX2",)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"flags": ["a"]}, "`features.flags` must be a mapping"),
        ({"attributes": attributes(family=6)}, "must have text at 'family', but has 6"),
        ({"instances": {"pci.device": {"elements": {}}}}, "`pci.device` must be a list"),
    ],
    ids=["flags", "number", "instances"],
)
def test_features_of_another_shape_are_refused(features: Any, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        Features.of({"features": features})


def test_objects_of_a_node_refine_what_nfd_itself_found() -> None:
    found = node_feature("w1", "nfd", attributes=attributes(family="6", id="85"))
    refined = node_feature("a", "apps", attributes=attributes(family="7"))
    last = node_feature("b", "apps", attributes=attributes(family="8"))
    for objects in ([found, refined, last], [last, refined, found]):
        assert features_of(objects).attributes["cpu.model"] == {"family": "8", "id": "85"}


def test_flags_and_instances_of_several_objects_add_up() -> None:
    one = Features({"a.b": frozenset("x")}, {}, {"c.d": ({"n": "1"},)})
    two = Features({"a.b": frozenset("y")}, {}, {"c.d": ({"n": "2"},)})
    assert one.merged(two) == Features(
        {"a.b": frozenset("xy")}, {}, {"c.d": ({"n": "1"}, {"n": "2"})}
    )


LABELS = labels(
    **{
        "cpu-cpuid.AVX512F": "true",
        "cpu-cpuid.AVX10_VERSION": "2",
        "cpu-model.vendor_id": "Intel",
        "cpu-security.sev.snp.enabled": "true",
        "cpu-power.sst_bf.enabled": "true",
        "kernel-version.full": "6.8.0-52-generic",
        "kernel-config.PREEMPT": "true",
        "kernel-config.VFIO": "true",
        "memory-numa": "true",
        "network-sriov.capable": "true",
        "pci-0300_10de.present": "true",
        "pci-1200_8086_0d5c.present": "true",
        "storage-nonrotationaldisk": "true",
        "system-os_release.ID": "rhel",
        "usb-ef_0fce_320d.present": "true",
        "custom-rdma.capable": "true",
    }
) | {"node-role.kubernetes.io/worker-cnf": "", "example.com/cpu-cpuid.AMX": "true"}


def test_labels_prove_features() -> None:
    features = features_of_labels(LABELS)
    assert features.flags == {
        "cpu.cpuid": frozenset({"AVX512F"}),
        "kernel.config": frozenset({"VFIO"}),
    }
    assert features.attributes == {
        "cpu.cpuid": {"AVX10_VERSION": "2"},
        "cpu.model": {"vendor_id": "Intel"},
        "cpu.security": {"sev.snp.enabled": "true"},
        "cpu.sst": {"bf.enabled": "true"},
        "kernel.config": {"PREEMPT": "y"},
        "kernel.version": {"full": "6.8.0-52-generic"},
        "memory.numa": {"is_numa": "true"},
        "system.osrelease": {"ID": "rhel"},
    }
    assert features.instances == {
        "network.device": ({"sriov_totalvfs": "1"},),
        "pci.device": ({"class": "0300", "vendor": "10de"},),
        "storage.block": ({"rotational": "0"},),
        "usb.device": ({"class": "ef", "vendor": "0fce", "device": "320d"},),
    }
    assert features.partial == features.names()


def test_a_label_that_says_false_proves_no_device() -> None:
    assert features_of_labels(labels(**{"pci-0300_10de.present": "false"})) == Features()


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        (Expression("Gt", ("0",)), True),
        (Expression("Exists"), True),
        (Expression("Gt", ("8",)), None),
        (Expression("In", ("1",)), None),
        (Expression("Lt", ("8",)), None),
    ],
    ids=str,
)
def test_a_label_of_sriov_proves_one_virtual_function_and_no_exact_number(
    expression: Expression, verdict: bool | None
) -> None:
    terms = [Term("network.device", {"sriov_totalvfs": expression})]
    match = match_features(terms, features_of_labels(LABELS))
    assert match.verdict is verdict
    if expression.op == "Gt" and verdict:
        assert match.evidence == ('network.device sriov_totalvfs at least "1"',)


def test_labels_fill_in_only_for_feature_sets_that_no_object_reports() -> None:
    reported = Features({"cpu.cpuid": frozenset({"AVX2"})})
    both = reported.backed_by(features_of_labels(LABELS))
    assert both.flags["cpu.cpuid"] == {"AVX2"}
    assert "cpu.cpuid" not in both.attributes
    assert "cpu.model" in both.partial
    assert "cpu.cpuid" not in both.partial
