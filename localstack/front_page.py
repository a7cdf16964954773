"""The page at `/`: what is here and how to use it. No script, and no way to bring one in."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Final

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;"
    "color:#1c2733;background:#fff}"
    "pre{background:#f1f4f7;padding:.8rem 1rem;overflow-x:auto;border-radius:4px}"
    "code{font:14px/1.5 ui-monospace,monospace}a{color:#0b57a4}"
    "@media(prefers-color-scheme:dark){body{color:#dfe6ee;background:#12181f}"
    "pre{background:#1d2630}a{color:#8ec5ff}}"
)
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'"
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Message Center</title>
<style>{style}</style>
<h1>Message Center</h1>
<p>It runs on this machine alone. Messages go to the simulated carrier, never to a real phone.</p>
<h2>Sign in</h2>
<p>The demo's accounts and their passwords are in <code>.local/demo.json</code>.</p>
<pre><code>./mc sign-in --url {url} --email author@demo.example
./mc campaigns
./mc watch CAMPAIGN</code></pre>
<h2>The HTTP API</h2>
<ul>
<li><a href="/v1/health">/v1/health</a>: is it up?</li>
<li><code>POST /v1/sign-in</code> with <code>email</code> and <code>password</code> answers a token;
send it as <code>Authorization: Bearer …</code></li>
<li><code>/v1/workspaces/demo/…</code>: senders, lists, campaigns and their recipients</li>
</ul>
<p>Logs are in <code>.local/log</code>. <code>make down</code> stops everything and keeps its
state.</p>
</html>
"""


def page(url: str) -> tuple[str, bytes]:
    """The Content-Security-Policy that fits it, and the page."""
    return _POLICY, _PAGE.format(style=_STYLE, url=escape(url)).encode()
