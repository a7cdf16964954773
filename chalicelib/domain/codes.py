"""What the codes of the outside world mean (SPEC 6.4, 6.5).

One number means different things in different spaces, so a code never goes without its space.
Carriers invent codes of their own: one that no table knows is named by its number, never refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class CodeSpace(IntEnum):
    NONE = 0
    COMMAND_STATUS = 1
    RECEIPT = 2
    NETWORK = 3
    JOB = 4


@dataclass(frozen=True, slots=True)
class Meaning:
    name: str
    text: str


_COMMAND_STATUS: Final = {
    0x00: Meaning("ESME_ROK", "No error"),
    0x01: Meaning("ESME_RINVMSGLEN", "The message length is invalid"),
    0x02: Meaning("ESME_RINVCMDLEN", "The command length is invalid"),
    0x03: Meaning("ESME_RINVCMDID", "The command is not known to the SMSC"),
    0x04: Meaning("ESME_RINVBNDSTS", "The command is not allowed in this state of the bind"),
    0x05: Meaning("ESME_RALYBND", "The account is bound already"),
    0x06: Meaning("ESME_RINVPRTFLG", "The priority is invalid"),
    0x07: Meaning("ESME_RINVREGDLVFLG", "The request for a receipt is invalid"),
    0x08: Meaning("ESME_RSYSERR", "System error at the SMSC"),
    0x0A: Meaning("ESME_RINVSRCADR", "The sender address is invalid"),
    0x0B: Meaning("ESME_RINVDSTADR", "The recipient's number is invalid"),
    0x0C: Meaning("ESME_RINVMSGID", "The message id is invalid"),
    0x0D: Meaning("ESME_RBINDFAIL", "The bind failed"),
    0x0E: Meaning("ESME_RINVPASWD", "The password is wrong"),
    0x0F: Meaning("ESME_RINVSYSID", "The system id is wrong"),
    0x11: Meaning("ESME_RCANCELFAIL", "The message could not be cancelled"),
    0x13: Meaning("ESME_RREPLACEFAIL", "The message could not be replaced"),
    0x14: Meaning("ESME_RMSGQFUL", "The SMSC's queue is full"),
    0x15: Meaning("ESME_RINVSERTYP", "The service type is invalid"),
    0x33: Meaning("ESME_RINVNUMDESTS", "The number of destinations is invalid"),
    0x34: Meaning("ESME_RINVDLNAME", "The distribution list is not known"),
    0x40: Meaning("ESME_RINVDESTFLAG", "The kind of destination is invalid"),
    0x42: Meaning("ESME_RINVSUBREP", "Submit with replace is not allowed"),
    0x43: Meaning("ESME_RINVESMCLASS", "The message class (esm_class) is invalid"),
    0x44: Meaning("ESME_RCNTSUBDL", "Sending to the distribution list is not allowed"),
    0x45: Meaning("ESME_RSUBMITFAIL", "The SMSC could not take the message"),
    0x48: Meaning("ESME_RINVSRCTON", "The sender's type of number is invalid"),
    0x49: Meaning("ESME_RINVSRCNPI", "The sender's numbering plan is invalid"),
    0x50: Meaning("ESME_RINVDSTTON", "The recipient's type of number is invalid"),
    0x51: Meaning("ESME_RINVDSTNPI", "The recipient's numbering plan is invalid"),
    0x53: Meaning("ESME_RINVSYSTYP", "The system type is invalid"),
    0x54: Meaning("ESME_RINVREPFLAG", "The replace flag is invalid"),
    0x55: Meaning("ESME_RINVNUMMSGS", "The number of messages is invalid"),
    0x58: Meaning("ESME_RTHROTTLED", "Sent faster than the SMSC allows"),
    0x61: Meaning("ESME_RINVSCHED", "The scheduled time is invalid"),
    0x62: Meaning("ESME_RINVEXPIRY", "The validity period is invalid"),
    0x63: Meaning("ESME_RINVDFTMSGID", "The predefined message is not known"),
    0x64: Meaning("ESME_RX_T_APPN", "Temporary error at the receiver"),
    0x65: Meaning("ESME_RX_P_APPN", "Permanent error at the receiver"),
    0x66: Meaning("ESME_RX_R_APPN", "The receiver rejected the message"),
    0x67: Meaning("ESME_RQUERYFAIL", "The message could not be queried"),
    0xC0: Meaning("ESME_RINVOPTPARSTREAM", "The optional part of the message is malformed"),
    0xC1: Meaning("ESME_ROPTPARNOTALLWD", "An optional parameter is not allowed"),
    0xC2: Meaning("ESME_RINVPARLEN", "A parameter has a wrong length"),
    0xC3: Meaning("ESME_RMISSINGOPTPARAM", "An optional parameter is missing"),
    0xC4: Meaning("ESME_RINVOPTPARAMVAL", "An optional parameter has a wrong value"),
    0xFE: Meaning("ESME_RDELIVERYFAILURE", "Delivery failed"),
    0xFF: Meaning("ESME_RUNKNOWNERR", "Error of unknown kind at the SMSC"),
}
_RECEIPT: Final = {
    0: Meaning("SCHEDULED", "The message is scheduled and not yet sent"),
    1: Meaning("ENROUTE", "The message is on its way"),
    2: Meaning("DELIVRD", "The message was delivered"),
    3: Meaning("EXPIRED", "The message expired before it could be delivered"),
    4: Meaning("DELETED", "The message was deleted at the SMSC"),
    5: Meaning("UNDELIV", "The message cannot be delivered"),
    6: Meaning("ACCEPTD", "The message was accepted for the recipient, for example by an operator"),
    7: Meaning("UNKNOWN", "The SMSC does not know what became of the message"),
    8: Meaning("REJECTD", "The message was rejected"),
    9: Meaning("SKIPPED", "The message was skipped"),
}
_VENDOR_STATUSES: Final = range(0x400, 0x500)
_NO_TABLE: Final[dict[int, Meaning]] = {}
_TABLES: Final = {CodeSpace.COMMAND_STATUS: _COMMAND_STATUS, CodeSpace.RECEIPT: _RECEIPT}
_UNKNOWN_TEXTS: Final = {
    CodeSpace.NONE: "No code was given",
    CodeSpace.COMMAND_STATUS: "Not a status of SMPP 3.4: ask the carrier what it means",
    CodeSpace.RECEIPT: "Not a receipt state of SMPP: ask the carrier what it means",
    CodeSpace.NETWORK: "A code of the carrier's network: ask the carrier what it means",
    CodeSpace.JOB: "An error of a job; its text says more",
}


def meaning(space: CodeSpace, code: int) -> Meaning:
    known = _TABLES.get(space, _NO_TABLE).get(code)
    if known is not None:
        return known
    if space is CodeSpace.COMMAND_STATUS and code in _VENDOR_STATUSES:
        return Meaning(_hex_name(code), "The carrier's own status: ask the carrier what it means")
    return Meaning(_hex_name(code), _UNKNOWN_TEXTS[space])


def _hex_name(code: int) -> str:
    return f"{code:#04x}"
