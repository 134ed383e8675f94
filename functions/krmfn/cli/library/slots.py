"""Templates with slots, written as `@NAME@`."""

import re
from collections.abc import Mapping

from krmfn.cli.errors import CliError

_SLOT = re.compile(r"@([A-Z_]+)@")


def fill(template: str, slots: Mapping[str, str]) -> str:
    """Put values into the slots of a template; a line that holds only an empty slot goes.

    Raises:
        CliError: the template has a slot that is not given.
    """
    if unknown := sorted(set(_SLOT.findall(template)) - set(slots)):
        raise CliError(f"@{unknown[0]}@ must be one of the slots: {', '.join(sorted(slots))}")
    empty = "|".join(name for name, value in slots.items() if not value)
    template = re.sub(rf"^@({empty})@\n", "", template, flags=re.MULTILINE) if empty else template
    return _SLOT.sub(lambda match: slots[match[1]].rstrip("\n"), template)
