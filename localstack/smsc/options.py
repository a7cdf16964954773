"""How the simulator behaves: one frozen value, checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

_RATES: Final = ("receipt_loss", "receipt_failure", "submit_error", "answer_loss")
_COUNTS: Final = ("receipt_delay_ms", "answer_delay_ms", "enquire_ms", "seed")
_MAX_STATUS: Final = 0xFFFFFFFF
_MAX_PORT: Final = 65_535


class OptionError(ValueError):
    """An option that makes no sense; the text names it and what it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """`answer_loss` and the other rates are shares from 0 to 1; `tls` None means plain TCP."""

    system_id: str
    password: str = field(repr=False)
    log: Path
    # Receipts that are owed at the stop are kept here for the next start; None forgets them.
    owed: Path | None = None
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    port: int = 0
    answer_delay_ms: int = 0
    answer_loss: float = 0.0
    submit_error: float = 0.0
    submit_error_status: int = 0x0B
    receipt_delay_ms: int = 500
    receipt_loss: float = 0.0
    receipt_failure: float = 0.0
    receipt_window: int = 1_000
    enquire_ms: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in _RATES:
            if not 0 <= getattr(self, name) <= 1:
                raise OptionError(f"{name} is {getattr(self, name)}; it must be 0 to 1")
        for name in _COUNTS:
            if getattr(self, name) < 0:
                raise OptionError(f"{name} is {getattr(self, name)}; it must be 0 or more")
        if not 0 < self.submit_error_status <= _MAX_STATUS:
            raise OptionError("submit_error_status must be a status other than 0, such as 0x58")
        if self.receipt_window < 1:
            raise OptionError(f"receipt_window is {self.receipt_window}; it must be 1 or more")
        if not 0 <= self.port <= _MAX_PORT:
            raise OptionError(f"port is {self.port}; it must be 0 (any free one) to {_MAX_PORT}")
        if not self.system_id or not self.password:
            raise OptionError("system_id and password must not be empty")
