"""`python -m krmfn.cli`: the `krmfn` command."""

import sys

from krmfn.cli import main

sys.exit(main())
