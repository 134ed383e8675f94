"""Values and YAML texts for property tests."""

import json
from functools import reduce
from random import Random
from typing import Any, NamedTuple

from hypothesis import strategies as st

from krmfn.sdk.dumper import dump_flow, dump_literal, dump_scalar

WORDS = (
    "yes no on off y n Y N True FALSE null Null ~ .inf -.INF .nan = << 0644 0o17 0x1F 0b11 089 "
    "12:30 1_000 2001-01-01 1e3 1.10 +5 -0 .5 1. - -- --- ... ? : # & * ! | > % @ ` [ ] { } , "
    "a: :a a:b a#b -a ?a !a &a *a %a @a |a >a 'a \"a a' {} []"
).split()
PHRASES = [
    "",
    " ",
    "a b",
    "a: b",
    "a #b",
    "# a",
    "- a",
    "? a",
    " a",
    "a ",
    "it's",
    'say "x"',
    "c:\\d",
    "tab\there",
    "\ttab",
    "é",
    "日本",
    "\U0001f600",
    "\u2028",
    "\x85",
    "\ufeff",
    "\x7f",
    "\0",
    "\r",
    "\uffff",
    "2001-01-01 00:00:00",
    "many words in one line",
    "x" * 1100,
]
TEXTS = [
    "\n",
    "\n\n",
    "a\n",
    "a\nb",
    "a\nb\n",
    "a\n\nb\n",
    "a\n\n",
    "\na",
    "  a\nb",
    "a\n  b",
    "\ta\nb",
    "a \nb",
    "a\n \nb",
    "# a\n# b\n",
    "- a\n- b\n",
    "a: b\nc: d\n",
    "---\na",
    "a\r\nb",
]

NOTES = ["x", "a: b", "- x", "it's", '"', "[{&*"]

strings = st.one_of(
    st.text(st.sampled_from("ab :#-'\"\\\n\t,[]{}?"), max_size=6),
    st.sampled_from([*WORDS, *PHRASES, *TEXTS]),
)
numbers = st.one_of(
    st.integers(-100, 100), st.integers(), st.floats(allow_nan=False), st.sampled_from([1e16, 1e-7])
)
scalars = st.one_of(strings, strings, numbers, st.booleans(), st.none())
keys = st.one_of(st.sampled_from(["name", "a", "b", "c", "d", "spec"]), strings)


def values(leaves: int = 12) -> st.SearchStrategy[Any]:
    """Plain values of any shape."""
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)
        ),
        max_leaves=leaves,
    )


def mappings(leaves: int = 12) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings with at least one key."""
    return st.dictionaries(keys, values(leaves), min_size=1, max_size=5)


class Line(NamedTuple):
    """A line of a document and the path of what it says; of a comment, where it stands."""

    text: str
    path: tuple[Any, ...]
    is_comment: bool = False


class Document(NamedTuple):
    """A YAML text, the value it means and the lines it is made of."""

    text: str
    value: Any
    lines: list[Line]


@st.composite
def documents(
    draw: st.DrawFn, of: st.SearchStrategy[Any] | None = None, newlines: str = "\n"
) -> Document:
    """Block documents in mixed styles, with comments that are all different."""
    value = draw(mappings() if of is None else of)
    writer = Writer(Random(draw(st.integers(0, 2**32))))
    lines = writer.collection(value, 0, ())
    newline = draw(st.sampled_from(newlines.split(",")))
    text = newline.join(line.text for line in lines)
    ends_in_literal = str(at(value, lines[-1].path)).endswith("\n")
    ending = newline if ends_in_literal or draw(st.booleans()) else ""
    return Document(text + ending, value, lines)


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """Give the part of a value at a path."""
    return reduce(lambda part, step: part[step], path, value)


@st.composite
def changes(draw: st.DrawFn, value: Any) -> Any:
    """A value like the given one, but for some additions, removals and replacements."""
    return changed(value, Random(draw(st.integers(0, 2**32))), draw(mappings(4)))


def changed(value: Any, random: Random, material: dict[str, Any]) -> Any:
    """Give a value that is like another one in most places."""
    if isinstance(value, dict) and value:
        kept = {
            key: changed(item, random, material)
            for key, item in value.items()
            if random.random() > 0.15
        }
        extra = list(material.items()) if random.random() < 0.3 else []
        entries = list(kept.items())
        for key, item in extra:
            if key not in kept:
                entries.insert(random.randint(0, len(entries)), (key, item))
        return dict(entries)
    if isinstance(value, list) and value:
        items = [changed(item, random, material) for item in value if random.random() > 0.15]
        for item in material.values() if random.random() < 0.3 else []:
            items.insert(random.randint(0, len(items)), item)
        return items
    return random.choice(list(material.values())) if random.random() < 0.25 else value


class Writer:
    """Writes values as YAML in every style that people use."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.comments = 0
        self.wide = self.chance(0.5)
        self.step = random.choice([2, 2, 2, 3, 4])

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def comment(self) -> str:
        self.comments += 1
        return f"# {self.comments} {self.random.choice(NOTES)}"

    def collection(self, value: Any, indent: int, path: tuple[Any, ...]) -> list[Line]:
        lines = []
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if self.chance(0.15):
                lines.append(Line(" " * indent + self.comment(), path, is_comment=True))
            if self.chance(0.05):
                lines.append(Line("", path, is_comment=True))
            written = self.entry if isinstance(value, dict) else self.item
            lines += written(key, item, indent, (*path, key))
        return lines

    def entry(self, key: str, value: Any, indent: int, path: tuple[Any, ...]) -> list[Line]:
        name = self.key(key)
        if len(name) > 1000 or self.chance(0.05):
            first = Line(f"{' ' * indent}? {name}{self.trailing()}", path)
            head, below = self.node(value, indent, path, in_list=False)
            return [first, Line(f"{' ' * indent}:{head}", path), *below]
        head, below = self.node(value, indent, path, in_list=False)
        return [Line(f"{' ' * indent}{name}:{head}", path), *below]

    def item(self, _: int, value: Any, indent: int, path: tuple[Any, ...]) -> list[Line]:
        if isinstance(value, dict | list) and value and not self.chance(0.1):
            gap = self.random.choice([1, 1, 1, 3])
            inner = self.collection(value, indent + 1 + gap, path)
            lead = inner[0].text
            if lead.strip() and not (lead.lstrip().startswith("#") and gap > 1):
                first = f"{' ' * indent}-{' ' * gap}{lead[indent + 1 + gap :]}"
                return [Line(first, inner[0].path), *inner[1:]]
            return [Line(f"{' ' * indent}-{self.trailing()}", path), *inner]
        head, below = self.node(value, indent, path, in_list=True)
        return [Line(f"{' ' * indent}-{head}", path), *below]

    def key(self, key: str) -> str:
        plain = dump_scalar(key)
        if "\n" in key or "\\" in plain or not key.isprintable():
            return plain
        quoted = "'" + key.replace("'", "''") + "'"
        double = json.dumps(key, ensure_ascii=False)
        return self.random.choice([plain, plain, plain, quoted, double])

    def node(
        self, value: Any, indent: int, path: tuple[Any, ...], *, in_list: bool
    ) -> tuple[str, list[Line]]:
        """Give what follows a `key:` or a `-` on its line, and the lines below."""
        if isinstance(value, dict | list) and value:
            if self.chance(0.25):
                return self.spread(dump_flow(value), indent, path)
            dashes = isinstance(value, list) and not in_list
            step = (2 if self.wide else 0) if dashes else self.step
            return self.trailing(), self.collection(value, indent + step, path)
        if value is None and self.chance(0.5):
            return self.trailing(), []
        if isinstance(value, str):
            return self.string(value, indent, path)
        return self.placed(dump_flow(value), indent, path)

    def spread(self, flow: str, indent: int, path: tuple[Any, ...]) -> tuple[str, list[Line]]:
        if self.chance(0.3) and flow[-1] in "]}":
            closing = f"{' ' * (indent + 2)}{flow[-1]}"
            return f" {flow[:-1]}", [Line(f"{closing}{self.trailing()}", path)]
        return f" {flow}{self.trailing()}", []

    def string(self, value: str, indent: int, path: tuple[Any, ...]) -> tuple[str, list[Line]]:
        inner = " " * (indent + 2)
        literal = dump_literal(value, inner)
        if literal and self.chance(0.7):
            head, *rest = literal
            return f" {head}{self.trailing()}", [Line(line, path) for line in rest]
        words = value.split(" ")
        simple = all(word.isalnum() and word.isascii() for word in words)
        if len(words) > 2 and simple and self.chance(0.7):
            opening, closing = self.random.choice([("", ""), ("'", "'"), ('"', '"'), (">-", None)])
            if closing is None:
                return f" {opening}", [Line(inner + word, path) for word in words]
            last = f"{inner}{' '.join(words[2:])}{closing}{self.trailing()}"
            return f" {opening}{words[0]} {words[1]}", [Line(last, path)]
        plain = dump_scalar(value)
        if "\n" in value or not value.isprintable():
            return self.placed(plain, indent, path)
        single = "'" + value.replace("'", "''") + "'"
        double = json.dumps(value, ensure_ascii=False)
        return self.placed(self.random.choice([plain, plain, single, double]), indent, path)

    def placed(self, text: str, indent: int, path: tuple[Any, ...]) -> tuple[str, list[Line]]:
        """Put a scalar behind its key, or now and then on a line of its own."""
        if self.chance(0.07):
            return self.trailing(), [Line(f"{' ' * (indent + 2)}{text}{self.trailing()}", path)]
        return f" {text}{self.trailing()}", []

    def trailing(self) -> str:
        if self.chance(0.12):
            return f" {self.comment()}"
        return " " * self.random.choice([0, 0, 0, 0, 1])
