"""An SMSC to test against: it takes messages over mutual TLS and answers as told, well or badly.

It knows nothing of our own protocol code, not even smpplib, and reads and writes SMPP by hand: only
so can its log be the oracle that our ledger is compared with. `python -m localstack.smsc --help`.
"""

from __future__ import annotations

from localstack.smsc.options import OptionError, SimulatorOptions
from localstack.smsc.server import Simulator

__all__ = ["OptionError", "Simulator", "SimulatorOptions"]
