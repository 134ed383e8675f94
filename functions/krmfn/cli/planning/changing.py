"""A package with some of its resources replaced, added or taken away."""

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from krmfn.cli.errors import CliError
from krmfn.cli.rendering.kptfile import KPTFILE
from krmfn.cli.rendering.tree import PackageTree, read_tree
from krmfn.kinds.fleet import is_made
from krmfn.sdk.documents import SourceFile, read_file
from krmfn.sdk.resource import Place, Resource, ResourceId
from krmfn.sdk.wire import is_clean

_SUFFIXES = (".yaml", ".yml", ".json")
_CLUSTER_FOLDER = re.compile(r"(?:^|.*/)(clusters/[^/]+/.*)")
_FILE = "krmfn-plan.yaml"
_PROFILE = "ClusterProfile"


class Key(NamedTuple):
    """What tells one resource of a fleet's package from another."""

    id: ResourceId
    cluster: str


@dataclass(frozen=True)
class Named:
    """A resource as a person names it: KIND/[NAMESPACE/]NAME."""

    kind: str
    name: str
    namespace: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Named":
        """Read a name.

        Raises:
            ValueError: the text is none.
        """
        kind, *names = text.split("/")
        if not kind or not all(names) or len(names) not in {1, 2}:
            raise ValueError(f'must be KIND/NAME or KIND/NAMESPACE/NAME, but is "{text}"')
        return cls(kind, names[-1], names[0] if len(names) == 2 else None)

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)

    def means(self, resource: Resource) -> bool:
        """Say whether a resource is the one."""
        return (
            resource.kind == self.kind
            and resource.name == self.name
            and self.namespace in (None, resource.namespace)
        )


@dataclass
class Changes:
    """What is different in the changed package.

    What people write is changed before the pipeline runs. What functions make is made anew by
    the pipeline, so a change of it is laid over what placement-resolver is given.

    Attributes:
        given: resources that replace those of the same identity, or are added.
        gone: resources that are taken away, and whether one was found.
    """

    given: Mapping[Key, Resource] = field(default_factory=dict)
    gone: dict[Named, bool] = field(default_factory=dict)

    def tree(self, tree: PackageTree) -> PackageTree:
        """Give the package with the changes."""
        present = {key_of(each) for package in tree.walk() for each in package.resources()}
        given = _among(self.given, present)
        written = {key: each for key, each in given.items() if not is_made(each)}
        changed = self._replaced(tree, written)
        added = [each for key, each in written.items() if key not in present]
        return replace(changed, files=(*changed.files, *_files(added)))

    def edit(self, items: Iterable[Resource]) -> list[Resource]:
        """Give what placement-resolver is given, with the changes of what functions made."""
        present = list(items)
        given = _among(self.given, {key_of(item) for item in present})
        made = {key: each for key, each in given.items() if is_made(each)}
        edited = []
        for item in present:
            key = key_of(item)
            if self._is_gone(item):
                continue
            new = made.pop(key, None)
            if new is None and is_made(item):
                new = given.get(key)
            edited.append(item if new is None else replace(new, slot=item.slot, place=item.place))
        return [*edited, *made.values()]

    def refuse_unused(self, known: Iterable[Resource]) -> None:
        """Refuse a name that no resource has.

        Raises:
            CliError: there is one.
        """
        from krmfn.cli.explain import unknown

        names = {f"{each.kind}/{each.name}" for each in known}
        for name, found in self.gone.items():
            if not found:
                what = "a resource of the package"
                raise CliError(unknown("--without", what, str(name), names))

    def _replaced(self, tree: PackageTree, written: Mapping[Key, Resource]) -> PackageTree:
        texts = {
            (each.path, each.index): self._text(each, written.get(key_of(each)))
            for each in tree.resources()
            if each.path != KPTFILE
        }
        files = []
        for file in tree.files:
            documents = [
                texts.get((file.path, number), document)
                for number, document in enumerate(file.documents)
            ]
            kept = tuple(each for each in documents if each is not None)
            files.append(file if kept == file.documents else replace(file, documents=kept))
        children = tuple(self._replaced(each, written) for each in tree.children)
        return replace(tree, files=tuple(files), children=children)

    def _text(self, old: Resource, new: Resource | None) -> str | None:
        if self._is_gone(old):
            return None
        return new.text if new else old.raw

    def _is_gone(self, resource: Resource) -> bool:
        for name in self.gone:
            if name.means(resource):
                self.gone[name] = True
                return True
        return False


def key_of(resource: Resource) -> Key:
    """Give the identity of a resource, and the cluster that it belongs to."""
    return Key(resource.id, resource.cluster)


def _among(given: Mapping[Key, Resource], present: AbstractSet[Key]) -> dict[Key, Resource]:
    """Give resources by the key of what they replace.

    One of which nothing says the cluster replaces the only one of its identity.
    """
    clusters: dict[ResourceId, list[str]] = {}
    for key in present:
        clusters.setdefault(key.id, []).append(key.cluster)
    found = {}
    for key, each in given.items():
        there = clusters.get(key.id, [])
        is_meant = not key.cluster and len(there) == 1
        found[Key(key.id, there[0]) if is_meant else key] = each
    return found


def read_changes(sources: Iterable[Path], gone: Iterable[Named]) -> Changes:
    """Read what is to be different.

    A ClusterProfile that is gone takes its ClusterCapacity along. Of a package, the Kptfiles and
    what functions made in it are left out: the pipeline of the changed package makes it anew.

    Raises:
        CliError: a source is no file or folder of resources.
    """
    given: dict[Key, Resource] = {}
    for source in sources:
        found = {key_of(each): each for each in _resources(source)}
        if not found:
            raise CliError(f'`--with` must hold resources, but "{source}" holds none')
        given |= found
    names = dict.fromkeys(gone, False)
    capacities = [Named("ClusterCapacity", each.name) for each in names if each.kind == _PROFILE]
    return Changes(given, dict.fromkeys(capacities, True) | names)


def _resources(source: Path) -> Iterator[Resource]:
    if (source / KPTFILE).exists():
        for package in read_tree(source.resolve()).walk():
            yield from (
                each for each in package.resources() if each.path != KPTFILE and not is_made(each)
            )
    elif source.is_dir():
        for file in sorted(source.rglob("*")):
            if file.suffix in _SUFFIXES and file.is_file():
                yield from _documents(file, file.relative_to(source).as_posix())
    elif source.is_file():
        yield from _documents(source, source.absolute().as_posix())
    else:
        raise CliError(f'`--with` must be a file or folder, but is "{source}"')


def _documents(file: Path, path: str) -> Iterator[Resource]:
    """Yield the resources of a file; a folder `clusters/<name>` says whose they are."""
    found = _CLUSTER_FOLDER.fullmatch(path)
    try:
        documents = read_file(path, file.read_bytes()).documents
        for number, text in enumerate(documents):
            place = Place(found[1] if found else file.name, number)
            resource = Resource.parse(text, place=place)
            if not (resource.kind and resource.name):
                raise ValueError("a resource must have `kind` and `metadata.name`")
            yield Resource(raw=text, place=place, clean=is_clean(text))
    except ValueError as error:
        raise CliError(f"{file}: {error}") from error


def _files(added: Iterable[Resource]) -> Iterator[SourceFile]:
    """Yield files with the added resources, each where its cluster can be told."""
    texts: dict[str, list[str]] = {}
    for each in added:
        folder = f"clusters/{each.cluster}/" if each.cluster else ""
        texts.setdefault(f"{folder}{_FILE}", []).append(each.text)
    for path, documents in texts.items():
        whole = "".join(f"---\n{text.rstrip()}\n" for text in documents)
        yield read_file(path, whole.encode())
