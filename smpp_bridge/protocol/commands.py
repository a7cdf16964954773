"""Command ids, statuses and TLV tags that the session acts on, taken from smpplib's tables."""

from __future__ import annotations

from typing import Final

from smpplib import consts
from smpplib.command_codes import get_command_code

GENERIC_NACK: Final[int] = get_command_code("generic_nack")
SUBMIT_SM: Final[int] = get_command_code("submit_sm")
SUBMIT_SM_RESP: Final[int] = get_command_code("submit_sm_resp")
DELIVER_SM: Final[int] = get_command_code("deliver_sm")
UNBIND: Final[int] = get_command_code("unbind")
UNBIND_RESP: Final[int] = get_command_code("unbind_resp")
OUTBIND: Final[int] = get_command_code("outbind")
BIND_TRANSCEIVER_RESP: Final[int] = get_command_code("bind_transceiver_resp")
ENQUIRE_LINK: Final[int] = get_command_code("enquire_link")
ENQUIRE_LINK_RESP: Final[int] = get_command_code("enquire_link_resp")
ALERT_NOTIFICATION: Final[int] = get_command_code("alert_notification")
RESPONSE_BIT: Final = 0x80000000

OK: Final[int] = consts.SMPP_ESME_ROK
INVALID_COMMAND_LENGTH: Final[int] = consts.SMPP_ESME_RINVCMDLEN
INVALID_COMMAND_ID: Final[int] = consts.SMPP_ESME_RINVCMDID
INVALID_BIND_STATUS: Final[int] = consts.SMPP_ESME_RINVBNDSTS

TLV_RECEIPTED_MESSAGE_ID: Final[int] = consts.OPTIONAL_PARAMS["receipted_message_id"]
TLV_INTERFACE_VERSION: Final[int] = consts.OPTIONAL_PARAMS["sc_interface_version"]
TLV_NETWORK_ERROR_CODE: Final[int] = consts.OPTIONAL_PARAMS["network_error_code"]
TLV_MESSAGE_PAYLOAD: Final[int] = consts.OPTIONAL_PARAMS["message_payload"]
TLV_MESSAGE_STATE: Final[int] = consts.OPTIONAL_PARAMS["message_state"]
