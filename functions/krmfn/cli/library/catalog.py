"""The functions of this library, found by their folders, and the kinds that belong to each."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

import krmfn
from krmfn.cli.errors import CliError
from krmfn.sdk import Function, YamlError, yaml_load
from krmfn.sdk.messages import problems_of
from krmfn.sdk.model import Kind, Model

PACKAGE_FOLDER = Path(krmfn.__file__).parent
SDK_FOLDER = PACKAGE_FOLDER / "sdk"
OWN_GROUPS = ("fn.krmfn.dev", "intent.krmfn.dev")


class OwnMetadata(Model):
    """What metadata.yaml says beyond the catalogue's fields."""

    extra: str = Field("", description="The extra of krm-fn that the function needs.")
    reads: tuple[str, ...] = Field((), description="The kinds it reads.")
    writes: tuple[str, ...] = Field((), description="The kinds it writes.")
    results: dict[str, str] = Field(
        {}, description="What each code of its results means, and what to do, in one sentence."
    )
    slots: dict[str, str] = Field({}, description="Further slots of Dockerfile.template.")


class FunctionMetadata(Model):
    """A metadata.yaml: the fields of kpt's function catalogue, and ours under `krmfn`."""

    image: str = Field(min_length=1, description="The image, without a tag.")
    description: str = Field(min_length=1, description="What the function does, in one sentence.")
    tags: tuple[str, ...] = Field(min_length=1, description="Such as mutator and validator.")
    source_url: str = Field(alias="sourceURL", description="Where the function's folder is.")
    example_package_urls: tuple[str, ...] = Field(
        alias="examplePackageURLs", min_length=1, description="Where its examples are."
    )
    emails: tuple[str, ...] = Field((), description="Whom to ask.")
    license: str = Field(description="SPDX identifier of the licence.")
    hidden: bool = Field(False, description="Whether catalogues leave it out.")
    krmfn: OwnMetadata = Field(OwnMetadata(), description="What only this library needs.")


@dataclass(frozen=True)
class FunctionFolder:
    """The folder of a function in the source tree or in an installed krmfn."""

    path: Path

    @property
    def name(self) -> str:
        """The function's name, kebab-case."""
        return self.path.name.replace("_", "-")

    @property
    def module(self) -> str:
        """The import name of the folder."""
        return f"krmfn.{self.path.name}"

    @cached_property
    def metadata(self) -> FunctionMetadata:
        """What metadata.yaml says.

        Raises:
            CliError: all that is wrong with the file.
        """
        file = self.path / "metadata.yaml"
        try:
            body = yaml_load(file.read_text())
            return FunctionMetadata.model_validate(body, by_alias=True, by_name=False)
        except YamlError as error:
            raise CliError(f"{file}: {error}") from error
        except ValidationError as error:
            details = error.errors(include_url=False)
            problems = problems_of(FunctionMetadata, "metadata.yaml", body, details)
            lines = [f"{file}: `{problem.field}` {problem.message}" for problem in problems]
            raise CliError("\n".join(lines)) from error

    @property
    def meanings(self) -> dict[str, str]:
        """What the codes of its results mean, those of the SDK among them."""
        return self.metadata.krmfn.results | shared_meanings()

    @cached_property
    def declared(self) -> Function:
        """The declared function."""
        found = vars(importlib.import_module(self.module)).values()
        declared = [each for each in found if isinstance(each, Function)]
        if len(declared) != 1:
            raise CliError(f"`{self.module}` must declare one function, but has {len(declared)}")
        return declared[0]

    @cached_property
    def kinds(self) -> list[type[Kind]]:
        """The kinds that people write for it: its functionConfig first, then by name."""
        intents = importlib.import_module(f"{self.module}.intents")
        known = (self.module, "krmfn.kinds")
        found = {kind for kind in _kinds_in(intents) if kind.__module__.startswith(known)}
        config = self.declared.config_kinds
        others = sorted(found.difference(config), key=lambda kind: kind.kind_name)
        return [*config, *others]


def function_folders(package: Path = PACKAGE_FOLDER) -> list[FunctionFolder]:
    """Give the folders that hold a metadata.yaml, by name."""
    return [FunctionFolder(file.parent) for file in sorted(package.glob("*/metadata.yaml"))]


def shared_meanings() -> dict[str, str]:
    """Give what the codes mean that the SDK gives for every function."""
    meanings: dict[str, str] = yaml_load((SDK_FOLDER / "results.yaml").read_text())
    return meanings


def shared_kinds() -> list[type[Kind]]:
    """Give the kinds that two or more functions read, by name."""
    import krmfn.kinds

    names = ["krmfn.kinds"]
    names += [each.name for each in pkgutil.walk_packages(krmfn.kinds.__path__, "krmfn.kinds.")]
    found = {kind for name in names for kind in _kinds_in(importlib.import_module(name))}
    return sorted(found, key=lambda kind: kind.kind_name)


def owners_of_kinds() -> dict[type[Kind], list[str]]:
    """Give every kind with the names of the functions that people write it for."""
    owners: dict[type[Kind], list[str]] = {}
    for folder in function_folders():
        for kind in folder.kinds:
            owners.setdefault(kind, []).append(folder.name)
    return owners | {kind: [] for kind in shared_kinds() if kind not in owners}


def source_tree() -> Path:
    """Give the root of the source tree that the working directory is in.

    Raises:
        CliError: there is none, or another krmfn than its own is running.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "pyproject.toml").is_file() and (folder / "functions/krmfn").is_dir():
            if (folder / "functions/krmfn").resolve() != PACKAGE_FOLDER.resolve():
                raise CliError(
                    f"krmfn must run from the source tree in {folder}, but is installed in "
                    f"{PACKAGE_FOLDER}: install it with `pip install --editable {folder}`"
                )
            return folder
    raise CliError(f"{here} must be inside the source tree of krm-fn, where pyproject.toml is")


def _kinds_in(module: Any) -> Iterator[type[Kind]]:
    for each in vars(module).values():
        if isinstance(each, type) and issubclass(each, Kind) and hasattr(each, "api_version"):
            yield each
