"""Ways to run a function: in this process, as a command, in a container."""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import krmfn
from krmfn.cli.errors import CliError
from krmfn.cli.rendering.calls import Answer, Call, Runner
from krmfn.cli.rendering.exchange import answer, request
from krmfn.cli.rendering.kptfile import Step
from krmfn.cli.rendering.tree import PackageTree
from krmfn.sdk.result import Severity
from krmfn.sdk.runner import Function, run_guarded
from krmfn.sdk.wire import ResourceList

TIMEOUT = 300
_RUNTIME_VARIABLES = ("KRM_FN_RUNTIME", "KPT_FN_RUNTIME")
_RUNTIMES = ("docker", "podman", "nerdctl")
_SANDBOX = (
    *("run", "--rm", "-i", "--network", "none", "--user", "nobody"),
    *("--security-opt=no-new-privileges", "--pull", "never"),
)


@dataclass(frozen=True)
class Permissions:
    """What a render may start beside the functions of this library.

    Attributes:
        commands: whether `exec` functions may run.
        containers: whether images of others may run, in containers.
    """

    commands: bool = False
    containers: bool = False


@cache
def library() -> dict[str, Path]:
    """Give the functions of this library: the folders that describe a function, by its name."""
    home = Path(krmfn.__file__).parent
    found = sorted(home.glob("*/metadata.yaml"))
    return {file.parent.name.replace("_", "-"): file.parent for file in found}


def runner_of(step: Step, permissions: Permissions) -> Runner:
    """Give the way to run a function.

    Raises:
        CliError: it may not run here, or there is nothing to run it with.
    """
    if step.command:
        if not permissions.commands:
            raise CliError("must run with `--allow-exec` option to allow running function binaries")
        return command_runner(_words(step))
    name = image_name(step.image)
    if name in library():
        return library_runner(_declared(name))
    if not permissions.containers:
        raise CliError(
            f'`{step.field}.image` is "{step.image}", which is no function of this library: '
            "run with `--container` to start it with docker or podman, or render with kpt"
        )
    return container_runner(step.image)


def version_warnings(tree: PackageTree) -> list[str]:
    """Say where a pipeline asks for another version of a function than the one that runs here."""
    images = {step.image for package in tree.walk() for step in package.kptfile.steps}
    tagged = [image for image in sorted(images) if image_tag(image)]
    ours = _version() if tagged else ""
    return [
        f'"{image}" is run as version {ours}, the one installed here'
        for image in tagged
        if image_name(image) in library() and not _is_version(ours, image_tag(image))
    ]


def image_name(image: str) -> str:
    """Give the last part of an image's name, without tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def image_tag(image: str) -> str:
    """Give the tag of an image, "" when there is none."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("krm-fn")
    except PackageNotFoundError:
        return ""


def _is_version(ours: str, tag: str) -> bool:
    """Say whether a tag means our version, as far as major and minor; other tags do not tell."""
    asked = re.fullmatch(r"v?(\d+)(?:\.(\d+))?(?:\.\d+)?", tag)
    if not asked or not ours:
        return True
    numbers = [number for number in asked.groups() if number]
    return ours.split(".")[: len(numbers)] == numbers


def library_runner(declared: Function) -> Runner:
    """Run a function in this process, on the resources as they are."""

    def run_here(call: Call) -> Answer:
        with contextlib.redirect_stdout(sys.stderr):
            outcome = run_guarded(declared, ResourceList(call.items, call.config))
        if outcome.trace:
            return Answer((), outcome.resource_list.results, 1, outcome.trace)
        errors = [each.line() for each in outcome.results if each.severity == Severity.ERROR]
        answered = outcome.resource_list
        stderr = "".join(f"{line}\n" for line in errors)
        return Answer(answered.items, answered.results, 0 if outcome.ok else 1, stderr)

    return run_here


@cache
def _declared(name: str) -> Function:
    module = import_module(f"krmfn.{name.replace('-', '_')}")
    return next(each for each in vars(module).values() if isinstance(each, Function))


def command_runner(words: Sequence[str], *, seconds: float = TIMEOUT) -> Runner:
    """Run a command as kpt does: in the current folder, with this process's environment."""

    def run_command(call: Call) -> Answer:
        given = request(call).encode()
        try:
            done = subprocess.run(  # noqa: S603 - the user allowed it
                words, input=given, capture_output=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return Answer(exit_code=1, problem=f"{words[0]} must end within {seconds} s")
        except OSError as problem:
            reason = (problem.strerror or "unknown error").lower()
            return Answer(exit_code=1, problem=f"{words[0]} cannot be run: {reason}")
        stdout, stderr = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
        return answer(call, stdout, max(done.returncode, -1), stderr)

    return run_command


def container_runner(image: str) -> Runner:
    """Run an image as kpt does: no network, no mounts, as nobody; it is fetched when missing."""
    runtime = _runtime()

    def run_container(call: Call) -> Answer:
        _fetch(runtime, image)
        return command_runner([runtime, *_SANDBOX, image])(call)

    return run_container


def _words(step: Step) -> list[str]:
    try:
        return shlex.split(step.command) or [step.command]
    except ValueError as problem:
        reason = str(problem).lower()
        raise CliError(f"`{step.field}.exec` must be a valid command: {reason}") from problem


def _runtime() -> str:
    """Give the container engine: the one that kpt's variable names, else the first found."""
    named = next(filter(None, map(os.environ.get, _RUNTIME_VARIABLES)), "")
    if named and named not in _RUNTIMES:
        raise CliError(f'{_RUNTIME_VARIABLES[0]} must be one of {_RUNTIMES}, but is "{named}"')
    found = named or next(filter(shutil.which, _RUNTIMES), "")
    if not found or not shutil.which(found):
        raise CliError(
            f"{found or ' or '.join(_RUNTIMES[:2])} must be installed to use --container"
        )
    return found


@cache
def _fetch(runtime: str, image: str) -> None:
    inspect = [runtime, "image", "inspect", image]
    if subprocess.run(inspect, capture_output=True, check=False).returncode == 0:  # noqa: S603
        return
    pulled = subprocess.run(  # noqa: S603 - the user allowed it
        [runtime, "pull", image], capture_output=True, text=True, check=False
    )
    if pulled.returncode != 0:
        lines = pulled.stderr.strip().splitlines() or ["unknown reason"]
        hint = f"{_RUNTIME_VARIABLES[0]} names another engine"
        raise CliError(f'{runtime} cannot fetch "{image}": {lines[-1]} ({hint})')
