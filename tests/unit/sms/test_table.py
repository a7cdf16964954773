"""Cells of what we write ourselves; how tables are read is in tests/unit/ingest."""

from __future__ import annotations

import pytest

from chalicelib.sms.table import safe_cell


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        ("44 7400", '"44 7400"'),
        ('=HYPERLINK("x")', '"\'=HYPERLINK(""x"")"'),
        ("+44", '"\'+44"'),
        ("-1", '"\'-1"'),
        ("@sum", '"\'@sum"'),
        ("\tx", '"\'\tx"'),
        ("\r=1", '"\'\r=1"'),
        (" =1", '"\' =1"'),
        ("\uff1d1", '"\'\uff1d1"'),
        ("", '""'),
        ("a=b", '"a=b"'),
    ],
)
def test_no_cell_is_taken_for_a_formula(value: str, safe: str) -> None:
    assert safe_cell(value) == safe
