"""Build the functions' images and print name and size of each: `build.py [FUNCTION ...]`.

Every function with a Dockerfile is built unless some are named. An image whose inputs have not
changed is kept. The base images are $BASE and $BUILD_BASE when set, else what the Dockerfile names
when a registry gives it, else made from Debian packages. The runtime is the one `runtime` prints.

Exit code 3: this machine lacks what a build needs. 1: a build failed.
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
CONTEXT = Path("dist/images")  # of ROOT, where all commands run
PYTHON = "3.11"  # of the base images
INPUTS = "dev.krmfn.inputs"  # label: a hash of all that an image is made from


class UnavailableError(Exception):
    """This machine lacks what a build needs."""


class Bases(NamedTuple):
    """The images a Dockerfile starts from, named as its ARGs are."""

    BASE: str
    BUILD_BASE: str


def main(functions: list[str]) -> int:
    """Build one at a time, however many ask: they share the context."""
    (ROOT / CONTEXT).mkdir(parents=True, exist_ok=True)
    try:
        with (ROOT / CONTEXT / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            sys.stdout.write(build_all(script("runtime"), functions or all_functions()))
    except UnavailableError as problem:
        sys.stderr.write(f"images cannot be built: {problem}\n")
        return 3
    except subprocess.CalledProcessError as problem:
        sys.stderr.write(f"{problem.stdout}{problem.stderr}{problem}\n")
        return 1
    return 0


def build_all(runtime: str, functions: list[str]) -> str:
    """Build those images that are out of date; a table of all."""
    if unknown := sorted(set(functions) - set(all_functions())):
        raise SystemExit(f'"{unknown[0]}" must be one of {", ".join(all_functions())}')
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    names = {function: f"{repository(function)}:v{version}" for function in functions}
    labels = {"org.opencontainers.image.version": version, INPUTS: inputs()}
    label = f'{{{{index .Config.Labels "{INPUTS}"}}}}'
    stale = [each for each in functions if inspect(runtime, names[each], label) != labels[INPUTS]]
    if stale:
        bases = choose_bases(runtime, stale[0])
        gather_wheels()
    for function in stale:
        build(runtime, dockerfile(function), names[function], bases, labels)
    sizes = {name: int(inspect(runtime, name, "{{.Size}}")) for name in names.values()}
    return "".join(f"{name:60} {size / 1e6:6.1f} MB\n" for name, size in sizes.items())


def all_functions() -> list[str]:
    folders = (path.parent for path in ROOT.glob("functions/krmfn/*/Dockerfile"))
    return sorted(folder.name.replace("_", "-") for folder in folders)


def folder(function: str) -> Path:
    return ROOT / "functions/krmfn" / function.replace("-", "_")


def dockerfile(function: str) -> Path:
    return folder(function) / "Dockerfile"


def repository(function: str) -> str:
    """Name of the function's image, without a tag."""
    metadata = (folder(function) / "metadata.yaml").read_text()
    return str(re.findall(r"(?m)^image: (\S+)$", metadata)[0])


def inputs() -> str:
    """Hash of all that images are made from."""
    digest = hashlib.sha256(repr([os.environ.get(base) for base in Bases._fields]).encode())
    sources = (path for path in ROOT.glob("functions/**/*") if "__pycache__" not in path.parts)
    names = ("pyproject.toml", "requirements.lock", "README.md", "LICENSE")
    for path in (*sorted(sources), *(ROOT / name for name in names), *sorted(HERE.glob("*"))):
        if path.is_file():
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def choose_bases(runtime: str, function: str) -> Bases:
    """Base images that the runtime has now."""
    named = {base: os.environ.get(base) for base in Bases._fields}
    defaults = dict(re.findall(r"(?m)^ARG (\w+)=(\S+)$", dockerfile(function).read_text()))
    bases = Bases(**{base: name or defaults[base] for base, name in named.items()})
    if not any(named.values()) and not all(answers(runtime, "pull", base) for base in bases):
        bases = Bases(*script("base", runtime).split())
    trial = ("run", "--rm", "--network=none", "--entrypoint=python3", bases.BUILD_BASE, "-c", "")
    try:
        run(runtime, *trial)
    except subprocess.CalledProcessError as problem:
        raise UnavailableError(f"{runtime} runs no container: {problem.stderr}") from problem
    return bases


def gather_wheels() -> None:
    """Fill the context with krm-fn's own wheel and those it needs, in the locked versions."""
    if not find_spec("pip"):
        raise UnavailableError(f"pip must be installed in {sys.prefix}")
    lock = (ROOT / "requirements.lock").read_text()
    wheels, pins = ROOT / CONTEXT / "wheels", ROOT / CONTEXT / "pins.txt"
    shutil.rmtree(wheels, ignore_errors=True)
    pins.write_text("\n".join(re.findall(r"(?m)^\w[^\\\n]*", lock)))
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={wheels}", ".")
    (own,) = wheels.iterdir()
    machine = platform.machine()
    tags = (f"--platform={tag}_{machine}" for tag in ("manylinux_2_28", "manylinux2014"))
    target = (*tags, f"--python-version={PYTHON}", "--only-binary=:all:")
    try:
        run(*pip, "download", *target, f"--constraint={pins}", f"--dest={wheels}", f"{own}[all]")
    except subprocess.CalledProcessError as problem:
        raise UnavailableError(f"wheels must be at hand: {problem.stderr}") from problem
    for wheel in wheels.iterdir():
        if wheel != own and hashlib.sha256(wheel.read_bytes()).hexdigest() not in lock:
            raise SystemExit(f"{wheel.name} must be one of those in requirements.lock")


def build(runtime: str, file: Path, name: str, bases: Bases, labels: dict[str, str]) -> None:
    old = inspect(runtime, name, "{{.Id}}")
    flags = [f"--build-arg={key}={value}" for key, value in bases._asdict().items()]
    flags += [f"--label={key}={value}" for key, value in labels.items()]
    if runtime == "podman":
        flags.append("--layers=false")  # leaves nothing of the build stage
    run(runtime, "build", "--network=none", *flags, f"--tag={name}", f"--file={file}", str(CONTEXT))
    if old and old != inspect(runtime, name, "{{.Id}}"):
        answers(runtime, "rmi", old)


def inspect(runtime: str, image: str, template: str) -> str:
    """What `template` says of `image`; empty when the runtime has no such image."""
    command = (runtime, "image", "inspect", f"--format={template}", image)
    return run(*command) if answers(*command) else ""


def script(name: str, *arguments: str) -> str:
    """What the script `name`, beside this file, prints."""
    try:
        return run(str(HERE / name), *arguments)
    except subprocess.CalledProcessError as problem:
        raise UnavailableError(problem.stderr.strip()) from problem


def run(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return done.stdout.strip()


def answers(*command: str) -> bool:
    return subprocess.run(command, check=False, capture_output=True, cwd=ROOT).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
