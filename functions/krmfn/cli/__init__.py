"""The `krmfn` command; every subcommand is a module of this package, imported when it is called."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules

from krmfn.cli.errors import CliError

_EXIT_FAILED, _EXIT_INTERRUPTED = 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand and give the exit code: 0 ok, 1 error or difference, 2 wrong usage."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parsed = _parser(given).parse_args(given)
    try:
        code: int = parsed.run(parsed)
        sys.stdout.flush()
    except CliError as error:
        print(f"error: {error}", file=sys.stderr)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _EXIT_INTERRUPTED
    else:
        return code
    return _EXIT_FAILED


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """Give a parser that knows the called subcommand, or all of them when help is wanted."""
    parser = argparse.ArgumentParser(
        prog="krmfn", description="Resolve edge intents while a kpt package renders."
    )
    parser.add_argument("--version", action=_Version)
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    modules = {each.name for each in iter_modules(__path__) if not each.ispkg} - {"__main__"}
    named = {name.rstrip("_"): name for name in modules}  # `import` is a word of Python's
    for name in given[:1] if given and given[0] in named else sorted(named):
        module = import_module(f"{__name__}.{named[name]}")
        if hasattr(module, "add_parser"):
            module.add_parser(subparsers)
    return parser


class _Version(argparse.Action):
    """Prints the version, which is looked up only then."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"krmfn {version('krm-fn')}")
        parser.exit()
