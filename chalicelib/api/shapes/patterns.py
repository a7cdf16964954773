"""Patterns of texts in requests, and how a person is told of them."""

from __future__ import annotations

from typing import Final

TIME_OF_DAY: Final = r"^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
OCTETS: Final = r"^(?:[0-9A-Fa-f]{2})*$"
LIST_NAME: Final = r"\.([cC][sS][vV]|[tT][xX][tT])(\.[gG][zZ])?$"
COUNTRY: Final = "^[A-Z]{2}$"
CTN_HASH: Final = "^[0-9A-Fa-f]{64}$"
SHA256: Final = "^[0-9a-f]{64}$"

MEANT: Final = {
    TIME_OF_DAY: "must be a time of day such as 08:00, or 24:00 for its end",
    OCTETS: "must be octets in hexadecimal, such as 00ff",
    LIST_NAME: "must end in .csv, .txt, .csv.gz or .txt.gz",
    SHA256: "must be a SHA-256 as 64 hexadecimal digits in lower case",
    COUNTRY: "must be a country's ISO code of two capital letters, such as GB",
    CTN_HASH: "must be the 64 hexadecimal digits that stand for a number",
}
