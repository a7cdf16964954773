"""Logs: one JSON line for each entry, and nothing that was not said."""

from __future__ import annotations

import json
import subprocess
import sys


def test_a_log_line_is_json_and_names_its_service() -> None:
    program = (
        "from chalicelib.telemetry import logger\n"
        "logger('folder').info('folded', extra={'chunk': 7})\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    line = json.loads(done.stdout)
    assert line["message"] == "folded"
    assert (line["service"], line["level"], line["chunk"]) == ("folder", "INFO", 7)
    assert line["timestamp"].endswith(("Z", "+00:00"))


def test_nothing_is_made_when_it_is_imported() -> None:
    program = (
        "import sys, chalicelib.telemetry\n"
        "assert not {'aws_lambda_powertools', 'boto3'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
