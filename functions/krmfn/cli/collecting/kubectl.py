"""Reading a cluster with `kubectl`, which knows every way to log in to one."""

import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from krmfn.cli.collecting.facts import FACT_KINDS
from krmfn.cli.collecting.objects import Body, objects_in
from krmfn.cli.errors import CliError

PODS = "pods"
_FORBIDDEN = "(Forbidden)"


@dataclass(frozen=True, slots=True)
class Cluster:
    """How a cluster is reached.

    Attributes:
        context: a context of the kubeconfig; "" for its current one.
        timeout: seconds that one list may take.
    """

    kubeconfig: Path
    context: str
    timeout: float

    def read(self, warn: Callable[[str], None]) -> list[Body]:
        """Give the facts and the pods of the cluster.

        What the cluster does not serve is not there; what it does not show to this user is told.

        Raises:
            CliError: `kubectl` is missing, or cannot read the cluster.
        """
        found: list[Body] = []
        for resource in self._served():
            done = self._run("get", resource, "--all-namespaces", "--output=json")
            if done.returncode and _FORBIDDEN in done.stderr:
                warn(f"{resource} are left out: {_last_line(done.stderr)}")
            elif done.returncode:
                raise CliError(f"cannot list {resource}: {_last_line(done.stderr)}")
            else:
                found += objects_in(done.stdout, f"kubectl get {resource}")
        return found

    def _served(self) -> list[str]:
        """Give the resources to list, of those that the cluster serves.

        An API that is known but down is an error only where facts may stand in it.
        """
        done = self._run("api-resources", "--verbs=list", "--output=name")
        groups = [each.group for each in FACT_KINDS if each.group]
        if done.returncode and (not done.stdout.strip() or _names_any(done.stderr, groups)):
            raise CliError(f"cannot ask the cluster what it serves: {_last_line(done.stderr)}")
        served = set(done.stdout.split())
        return [name for name in (*(each.full_name for each in FACT_KINDS), PODS) if name in served]

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        program = shutil.which("kubectl")
        if not program:
            raise CliError(
                "`kubectl` must be on PATH to read a cluster; or give FILEs with what "
                "`kubectl get ... --all-namespaces -o yaml` printed elsewhere"
            )
        options = [f"--kubeconfig={self.kubeconfig}", f"--request-timeout={self.timeout:g}s"]
        options += [f"--context={self.context}"] if self.context else []
        try:
            return subprocess.run(  # noqa: S603 - the program is kubectl, the arguments are ours
                [program, *options, *arguments],
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=2 * self.timeout,
            )
        except subprocess.TimeoutExpired:
            raise CliError(f"the cluster must answer within {self.timeout:g} s") from None


def _names_any(text: str, words: Iterable[str]) -> bool:
    return any(word in text for word in words)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["kubectl failed"])[-1]
