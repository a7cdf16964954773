"""`python -m smpp_bridge` runs the bridge."""

from __future__ import annotations

import sys

from smpp_bridge.main import main

if __name__ == "__main__":
    sys.exit(main())
