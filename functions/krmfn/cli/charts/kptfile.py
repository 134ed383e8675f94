"""The Kptfile that makes a package's charts be rendered."""

from importlib.metadata import version
from pathlib import Path

from krmfn.cli.errors import CliError
from krmfn.cli.library.catalog import function_folders
from krmfn.cli.rendering.kptfile import KPTFILE, Step, read_kptfile
from krmfn.cli.rendering.runners import image_name
from krmfn.sdk import Resource, YamlError

FUNCTION = "helm-expand"


def package_of(folder: Path) -> Path | None:
    """Give the package that a folder belongs to: the nearest one above it, or itself."""
    return next((each for each in _upwards(folder) if (each / KPTFILE).is_file()), None)


def renders_charts(package: Path) -> bool:
    """Say whether the pipeline of the package, or of a package around it, has the function.

    Raises:
        CliError: a Kptfile cannot be read.
    """
    files = [each / KPTFILE for each in _upwards(package)]
    steps = [step for file in files if file.is_file() for step in _pipeline(file)]
    return any(
        image_name(step.image) == FUNCTION or FUNCTION.replace("-", "_") in step.command
        for step in steps
    )


def add_function(package: Path) -> str:
    """Put the function first in the package's pipeline; give its image.

    A package that has no Kptfile gets one.

    Raises:
        CliError: the Kptfile cannot be read or written.
    """
    file = package / KPTFILE
    kptfile = _read(file) if file.exists() else _new(package.resolve().name)
    image = _image()
    pipeline = kptfile.body.get("pipeline") or {}
    mutators = [{"image": image}, *(pipeline.get("mutators") or [])]
    body = {**kptfile.body, "pipeline": {**pipeline, "mutators": mutators}}
    try:
        file.write_text(kptfile.replaced(body).text, "utf-8")
    except OSError as error:
        raise CliError(f'cannot write "{file}": {error}') from error
    return image


def _image() -> str:
    """Give the function's image with the tag of this version."""
    folder = next(each for each in function_folders() if each.name == FUNCTION)
    return f"{folder.metadata.image}:v{version('krm-fn')}"


def _upwards(folder: Path) -> list[Path]:
    return [folder, *folder.resolve().parents]


def _pipeline(file: Path) -> tuple[Step, ...]:
    return read_kptfile(_read(file).text, str(file)).mutators


def _new(name: str) -> Resource:
    local = {"config.kubernetes.io/local-config": "true"}
    return Resource.new("kpt.dev/v1", KPTFILE, name, annotations=local)


def _read(file: Path) -> Resource:
    try:
        return Resource.parse(file.read_text("utf-8"))
    except (OSError, YamlError, ValueError) as error:
        raise CliError(f'"{file}" must be a Kptfile: {error}') from error
