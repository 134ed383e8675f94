"""Rows as Markdown, as a flowchart of Mermaid and as a picture."""

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from krmfn.mesh_intent_expander.intents.report import MeshReportStatus, Reach, Totals
from krmfn.mesh_intent_expander.report import wording
from krmfn.mesh_intent_expander.report.graphing import graph
from krmfn.mesh_intent_expander.report.markdown import markdown
from krmfn.mesh_intent_expander.report.mermaid import mermaid
from krmfn.mesh_intent_expander.report.svg import svg

SVG = "{http://www.w3.org/2000/svg}"


def _row(**changed: Any) -> Reach:
    values = {
        "service": "shop/api",
        "host": "api.shop.svc.cluster.local",
        "port": 80,
        "from_": {"west": ("web/portal",)},
        "clusters": ("east",),
        "outcome": "reached",
        "allows": "all",
        "path": "gateway",
        "client_tls": "mtls",
        "server_tls": "STRICT",
        "priority": 0,
    }
    return Reach.model_validate({**values, **changed})


OPEN = _row()
SOME = _row(from_={"west": ("web/cart",)}, allows="some", operations=("GET /results/*",))
CLOSED = _row(
    from_={"west": ("anyone else",)},
    allows="none",
    outcome="denied",
    reason="no policy <allows> it",
)
LOST = _row(
    from_={"far": ("anyone else",)}, allows="none", outcome="unroutable", clusters=(), path=""
)


def test_a_graph_has_a_line_for_each_way_at_its_service() -> None:
    drawn = graph([OPEN, SOME, CLOSED], 10)
    (service,) = drawn.services
    assert (service.title, service.cluster) == ("shop/api:80", "east")
    assert [line.style for line in service.lines] == ["open", "part", "closed"]


def test_that_others_find_no_way_is_not_drawn() -> None:
    assert not graph([LOST], 10).services


def test_ways_that_read_alike_are_one_line_of_several_clients() -> None:
    drawn = graph([OPEN, _row(from_={"west": ("web/cart",)})], 10)
    assert len(drawn.services[0].lines) == 1
    assert [node.names for node in drawn.clients] == [("web/portal", "web/cart")]


def test_each_client_leads_to_its_own_cluster_where_that_is_meant() -> None:
    row = _row(from_={"a": ("x/y",), "b": ("x/y",)}, clusters=("a", "b"), own=True, path="local")
    drawn = graph([row], 10)
    ways = [
        (drawn.clients[client].cluster, service.cluster)
        for service in drawn.services
        for line in service.lines
        for client in line.clients
    ]
    assert ways == [("a", "a"), ("b", "b")]


def test_a_graph_is_bounded_and_says_so() -> None:
    drawn = graph([OPEN, SOME, CLOSED], 2)
    assert drawn.left_out == 1
    assert "%% and 1 more" in mermaid([OPEN, SOME, CLOSED], 2)


def test_mermaid_draws_what_is_closed_dotted() -> None:
    text = mermaid([OPEN, CLOSED])
    assert text.startswith("flowchart LR\n")
    assert re.search(r"client\d -->\|\"all", text)
    assert re.search(r"client\d -\.->\|\"denied", text)


def test_mermaid_gets_no_character_that_it_reads_as_its_own() -> None:
    text = mermaid([_row(from_={'a"b': ('x"]; click',)})])
    assert "a#34;b" in text
    assert '("x#34;#93;#59; click")' in text


def test_no_rows_are_no_flowchart() -> None:
    assert mermaid([]) == ""


def test_a_picture_is_xml_with_an_edge_for_each_way() -> None:
    rows = [OPEN, SOME, CLOSED]
    root = ET.fromstring(svg(rows))
    assert len(root.findall(f"{SVG}g")) == 3
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert "web/portal" in texts
    assert "shop/api:80 on east" in texts


def test_no_text_of_a_picture_leaves_it() -> None:
    root = ET.fromstring(svg([_row(from_={"w" * 60: ("n" * 80,)}), SOME]))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for each in root.iter(f"{SVG}rect"):
        if "x" in each.attrib:
            assert float(each.attrib["x"]) + float(each.attrib["width"]) <= width
            assert float(each.attrib["y"]) + float(each.attrib["height"]) <= height


def test_no_boxes_of_a_picture_overlap() -> None:
    rows = [_row(from_={f"c{n % 3}": (f"x/y{n}",)}, port=n) for n in range(1, 12)]
    root = ET.fromstring(svg(rows))
    boxes = [
        tuple(float(each.attrib[name]) for name in ("x", "y", "width", "height"))
        for each in root.iter(f"{SVG}rect")
        if "x" in each.attrib
    ]
    for number, (x, y, width, height) in enumerate(boxes):
        for other_x, other_y, other_width, other_height in boxes[:number]:
            assert (
                x >= other_x + other_width
                or other_x >= x + width
                or y >= other_y + other_height
                or other_y >= y + height
            )


def test_a_picture_escapes_what_it_is_given() -> None:
    assert "<script>" not in svg([_row(from_={"west": ("<script>",)})])


def test_an_empty_picture_is_a_picture() -> None:
    assert ET.fromstring(svg([])).tag == f"{SVG}svg"


def test_markdown_tells_each_service_in_a_table() -> None:
    status = MeshReportStatus(totals=Totals(services=1, traced=1, clusters=2), reachability=(OPEN,))
    text = markdown(status)
    assert "### shop/api:80" in text
    assert "| web/portal | west → east | ✅ all | gateway | mTLS, strict |" in text


def test_markdown_keeps_stars_and_angles_as_they_are() -> None:
    text = markdown(MeshReportStatus(reachability=(SOME, CLOSED)))
    assert "GET /results/&#42;" in text
    assert "no policy &#60;allows> it" in text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, "all"),
        ({"asks": ("opa",)}, "all; asks opa"),
        ({"allows": "some", "operations": ("GET /a",)}, "GET /a"),
        ({"allows": "some", "operations": ("/a",), "excepting": True}, "all but /a"),
        ({"allows": "some", "operations": ("/a",), "more_operations": 3}, "/a and 3 more"),
        ({"allows": "none", "outcome": "denied"}, "denied"),
    ],
    ids=["all", "asks", "some", "excepting", "bounded", "none"],
)
def test_requests_are_told_in_words(changed: dict[str, Any], words: str) -> None:
    assert wording.requests(_row(**changed)) == words


def test_a_host_that_is_not_the_service_s_own_is_named() -> None:
    own = wording.title(("shop/api", "api.shop.svc.cluster.local", 80))
    other = wording.title(("shop/api", "api.shop.mesh.example.com", 80))
    assert (own, other) == ("shop/api:80", "shop/api:80 as api.shop.mesh.example.com")
