"""A function as a process: however it ends, kpt must neither lose a package nor miss an error."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from krmfn.sdk import yaml_load
from krmfn.sdk.dumper import dump_flow
from krmfn.sdk.wire import read

HEAD = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"
ITEM = """\
- apiVersion: v1
  kind: Ask   # what the function works on
  metadata:
    name: a
  do: "{do}"
"""
BODIES = {
    "nothing": "pass",
    "an error": "yield error('must be otherwise', code='wrong', at=ask, field='do')",
    "an exception": "raise KeyError('lost')",
    "SystemExit": "raise SystemExit(0)",
    "print": "print('hello'); os.write(1, b'from C')",
    "recursion": "(lambda f: f(f))(lambda f: f(f))",
    "memory": "x = bytearray(4 << 30)",
    "sleep": "time.sleep(60)",
    "kill": "os.kill(os.getpid(), signal.SIGKILL)",
    "change": "yield ask.merged({'done': True})",
}
FUNCTION = '''\
import os, signal, time
from krmfn.sdk import error, function

@function("asked", config="Asked", reads=("Ask",))
def asked(config, package):
    """Do as asked."""
    for ask in package.select(kind="Ask"):
        match ask.body["do"]:
{cases}
    if False:
        yield
'''
INTENTS = """\
from krmfn.sdk import FunctionConfig, FunctionSpec, Kind

class Asked(FunctionConfig, api_version="fn.example.com/v1"):
    spec: FunctionSpec = FunctionSpec()

class Ask(Kind, api_version="v1"):
    do: str
"""
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Start:
    home = tmp_path_factory.mktemp("function") / "asked"
    home.mkdir()
    cases = "".join(
        f"            case {name!r}:\n                {body}\n" for name, body in BODIES.items()
    )
    (home / "__init__.py").write_text(FUNCTION.format(cases=cases))
    (home / "intents.py").write_text(INTENTS)
    (home / "__main__.py").write_text(
        "from asked import asked\nfrom krmfn.sdk import main\nmain(asked)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(home.parent)}

    def begin(wrapper: str = "exec {}", **streams: object) -> "subprocess.Popen[bytes]":
        command = wrapper.format(f"{sys.executable} -m asked")
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(["bash", "-c", command], env=environment, **{**pipes, **streams})

    return begin


def asking(do: str) -> bytes:
    return f"{HEAD}items:\n{ITEM.format(do=do)}".encode()


def ended(process: "subprocess.Popen[bytes]", given: bytes = b"") -> tuple[int, str, str]:
    stdout, stderr = process.communicate(given, timeout=60)
    return process.returncode, (stdout or b"").decode(), (stderr or b"").decode()


def test_a_good_run_gives_the_list_and_says_nothing(start: Start) -> None:
    given = asking("nothing")
    assert ended(start(), given) == (0, given.decode(), "")


def test_a_change_keeps_comments(start: Start) -> None:
    code, stdout, _ = ended(start(), asking("change"))
    assert code == 0
    assert stdout == asking("change").decode() + "  done: true\n"


@pytest.mark.parametrize(
    ("do", "said", "result"),
    [
        ("an error", "[error] Ask/a do: must be otherwise [wrong]\n", "wrong"),
        ("an exception", "must not fail like this, please report it: KeyError('lost')", "internal"),
        ("recursion", "RecursionError", "internal-error"),
    ],
)
def test_a_failed_run_gives_the_items_as_they_came(
    start: Start, do: str, said: str, result: str
) -> None:
    code, stdout, stderr = ended(start(), asking(do))
    assert code == 1
    assert stdout.startswith(asking(do).decode())
    assert said in stderr
    assert result in read(stdout).results[0]["tags"]["code"]


def test_a_function_cannot_end_the_process_as_if_all_were_well(start: Start) -> None:
    code, stdout, stderr = ended(start(), asking("SystemExit"))
    assert code == 1
    assert "SystemExit" in stderr
    assert read(stdout).results[0]["severity"] == "error"


def test_whoever_prints_does_not_spoil_the_answer(start: Start) -> None:
    code, stdout, stderr = ended(start(), asking("print"))
    assert (code, stdout) == (0, asking("print").decode())
    assert "hello" in stderr
    assert "from C" in stderr


def test_a_lack_of_memory_is_an_error(start: Start) -> None:
    code, stdout, stderr = ended(start("ulimit -v 1500000; exec {}"), asking("memory"))
    assert code == 1
    assert stdout.startswith(asking("memory").decode())
    assert "must fit into the memory at hand" in stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_a_function_that_is_ended_does_not_succeed(start: Start, number: signal.Signals) -> None:
    process = start()
    assert process.stdin
    process.stdin.write(asking("sleep"))
    process.stdin.close()
    process.stdin = None
    time.sleep(0.6)
    process.send_signal(number)
    code, stdout, _ = ended(process)
    assert code != 0
    assert stdout == ""


def test_a_function_that_is_killed_from_within_does_not_succeed(start: Start) -> None:
    code, stdout, _ = ended(start(), asking("kill"))
    assert (code, stdout) == (-signal.SIGKILL, "")


@pytest.mark.parametrize(
    ("wrapper", "said"),
    [
        ("exec {} <&-", "stdin must be readable"),
        ("exec {} </dev/null", "stdin must hold a ResourceList, but is empty"),
    ],
    ids=["closed", "empty"],
)
def test_without_stdin_there_is_an_error(start: Start, wrapper: str, said: str) -> None:
    code, stdout, stderr = ended(start(wrapper))
    assert code == 1
    assert said in stderr
    assert read(stdout).items == ()


@pytest.mark.parametrize(
    "wrapper",
    ["exec {} >&-", "exec {} >/dev/full", "{} | true; exit ${{PIPESTATUS[0]}}"],
    ids=["closed", "full", "gone"],
)
def test_an_answer_that_cannot_be_written_is_a_failure(start: Start, wrapper: str) -> None:
    code, stdout, _ = ended(start(wrapper), asking("change") + b"# padding\n" * 100_000)
    assert code != 0
    assert stdout == ""


ITEMS = HEAD.encode() + b"items:\n"
BOMB = b"- a: &a [1,1,1,1,1,1,1,1,1,1]\n" + b"".join(
    b"  %c: &%c [%s]\n" % (letter, letter, b",".join([b"*%c" % (letter - 1)] * 10))
    for letter in range(ord("b"), ord("j"))
)
REFUSED = {
    "binary": (b"\x00\x01\x02", "must hold printable characters only"),
    "not UTF-8": (b"\xff\xfe", "stdin must be UTF-8, but line 1 is not"),
    "text": (b"hello", "the input must be a ResourceList, but is a string"),
    "a list": (b"[1, 2]", "the input must be a ResourceList, but is a list"),
    "another kind": (b"apiVersion: v1\nkind: List\nitems: []\n", "`kind` must be"),
    "two documents": (ITEMS + b"---\na: 1\n", "must hold one YAML document"),
    "no items": (HEAD.encode(), "`items` must be a list, but is missing or null"),
    "null items": (ITEMS, "`items` must be a list, but is missing or null"),
    "a scalar item": (ITEMS + b"- 1\n", "`items[0]` must be a mapping"),
    "cut off": (ITEMS + b"- apiVersion: v1\n  kind: 'Ask\n", "found unexpected end"),
    "deep nesting": (ITEMS + b"- a: " + b"[" * 10_000, "must be nested at most 200 deep"),
    "an alias bomb": (ITEMS + BOMB, "aliases must expand to at most 100000 nodes"),
    "a 100 MB scalar": (ITEMS + b"- a: '" + b"x" * (100 << 20) + b"'\n", "at most 64 MiB"),
}


@pytest.mark.parametrize(("given", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_list_is_refused_with_one_clear_line(
    start: Start, given: bytes, said: str
) -> None:
    code, stdout, stderr = ended(start("ulimit -v 800000; exec {}"), given)
    assert code == 1
    assert said in stderr
    assert stderr.count("\n") == 1
    assert read(stdout).results[0]["tags"]["code"] in {"invalid-input", "failed"}


def test_a_wrong_item_is_told_with_its_file_and_the_others_stay(start: Start) -> None:
    broken = "- apiVersion: v1\n  kind: Ask\n  a: b: c\n  metadata:\n    name: x\n"
    annotations = "    annotations:\n      config.kubernetes.io/path: 'asks/x.yaml'\n"
    given = (asking("nothing").decode() + broken + annotations).encode()
    code, stdout, stderr = ended(start(), given)
    assert code == 1
    assert stdout.startswith(given.decode())
    assert "(asks/x.yaml)" in stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--help", "asked\n\nDo as asked."),
        ("--doc", '"name": "asked"'),
        ("--schema", "kind: Custom"),
    ],
)
def test_a_function_describes_itself(start: Start, arguments: str, said: str) -> None:
    code, stdout, stderr = ended(start(f"exec {{}} {arguments}"))
    assert (code, stderr) == (0, "")
    assert said in stdout


def test_a_wrong_option_is_wrong_usage(start: Start) -> None:
    code, stdout, stderr = ended(start("exec {} --verbose"))
    assert (code, stdout) == (2, "")
    assert "unrecognized arguments: --verbose" in stderr


def test_what_comes_as_json_leaves_as_block_yaml(start: Start) -> None:
    given = read(asking("change").decode())
    text = dump_flow({**yaml_load(HEAD), "items": [item.body for item in given.items]})
    code, stdout, stderr = ended(start(), text.encode())
    assert (code, stderr) == (0, "")
    assert stdout.startswith(f"{HEAD}items:\n- apiVersion: v1\n  kind: Ask\n")
    assert read(stdout).items[0].body["done"] is True


@pytest.mark.parametrize("do", ["nothing", "print", "an error"])
def test_without_stderr_the_answer_is_the_same(start: Start, do: str) -> None:
    code, stdout, _ = ended(start(), asking(do))
    assert ended(start("exec {} 2>&-"), asking(do)) == (code, stdout, "")


def test_a_lost_answer_is_told(start: Start) -> None:
    _, _, stderr = ended(start("exec {} >/dev/full"), asking("nothing"))
    assert stderr == "stdout must be writable: No space left on device\n"


def test_files_and_folders_are_worked_on_without_kpt(start: Start, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: Ask\nmetadata: {name: a}\ndo: change\n")
    (tmp_path / "below/b.yaml").write_text("apiVersion: v1\nkind: Other\nmetadata: {name: b}\n")
    code, stdout, _ = ended(start(f"exec {{}} {tmp_path}"))
    assert code == 0
    assert stdout == (
        "apiVersion: v1\nkind: Ask\nmetadata: {name: a}\ndo: change\ndone: true\n"
        "---\napiVersion: v1\nkind: Other\nmetadata: {name: b}\n"
    )
    (tmp_path / "a.yaml").write_text(
        "apiVersion: v1\nkind: Ask\nmetadata: {name: a}\ndo: an error\n"
    )
    code, stdout, stderr = ended(start(f"exec {{}} {tmp_path}"))
    assert (code, stdout) == (1, "")
    assert "must be otherwise" in stderr
