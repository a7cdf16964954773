"""Whose receipt is it, and what does it say (DESIGN 4.9).

The number finds, the recorded message id decides. A receipt that is not final (on its way,
accepted)
tells nothing that the ledger keeps.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from chalicelib.domain.codes import CodeSpace
from chalicelib.domain.ledger import Outcome, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.domain.formats.inbox import RawReceipt
    from chalicelib.domain.ledger import PartRecord

# SMPP 3.4 section 5.2.28, and 9 (skipped) of SMPP 5.
_FINAL: Final[Mapping[int, OutcomeKind]] = {
    2: OutcomeKind.DELIVERED,
    3: OutcomeKind.EXPIRED,
    4: OutcomeKind.FAILED,
    5: OutcomeKind.FAILED,
    7: OutcomeKind.UNKNOWN,
    8: OutcomeKind.FAILED,
    9: OutcomeKind.FAILED,
}
_NO_DIGIT: Final = re.compile(r"[^0-9]")


def canonical(number: str) -> str:
    """The recipient's number as lists hold it: digits, country code first."""
    return _NO_DIGIT.sub("", number).removeprefix("00")


def is_final(receipt: RawReceipt) -> bool:
    return receipt.state in _FINAL


def outcome(index: int, parts: Sequence[PartRecord], receipt: RawReceipt) -> Outcome | None:
    """What the receipt says about the recipient at `index`; None if none of its parts has that
    id.
    """
    for place, part in enumerate(parts):
        if part.message_id and part.message_id == receipt.message_id:
            return Outcome(
                index=index,
                part=place,
                parts=len(parts),
                kind=_FINAL[receipt.state],
                at_ms=receipt.received_ms,
                space=CodeSpace.RECEIPT,
                code=receipt.state,
                message_id=receipt.message_id,
            )
    return None
