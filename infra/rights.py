"""Writes docs/rights.md from the table of rights and the route table: `python -m infra.rights`.

A test compares the file with what this makes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import app  # noqa: F401 - its blueprints fill the route table
from chalicelib.api.routing import ROUTES, VISIT, WORKSPACE, Audience
from chalicelib.domain.rights import RIGHTS, Right, Scope, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).resolve().parent.parent / "docs" / "rights.md"
COLUMNS = {
    Standing.AUTHOR: "author",
    Standing.AUTHOR_MODERATOR: "author + is_moderator",
    Standing.MODERATOR: "moderator",
    Standing.ADMIN: "admin",
    Standing.SUPER_ADMIN: "super admin",
}
SIGNS = {Scope.NONE: "no", Scope.OWN: "own", Scope.ALL: "yes"}
NEEDS = {Scope.OWN: "", Scope.ALL: " (for all)", Scope.NONE: ""}
BEGINNING = """# Rights

Made by `python -m infra.rights` from `chalicelib/domain/rights.py` and the route table: change
those.

What each role may do in a workspace that changed nothing; "own" means what one authored oneself. An
admin changes a workspace's table with `permissions` in `PATCH {workspace}`, but for the *fixed*
rows and the super admin's column; a change holds from the next request on. Rows marked *key* can be
given to an API key, by someone who has them for all.
""".replace("{workspace}", WORKSPACE)
ROUTES_BEGINNING = f"""
## Routes and the right that each needs

Every route below `{WORKSPACE}` has a twin below `{VISIT}`
for super admins. Each use of it is a record in the workspace's audit log, made before anything
else: without it, 503.

| right | routes |
|---|---|"""


def page() -> str:
    return "\n".join([BEGINNING, *_rights(), *_routes()]) + "\n"


def _rights() -> Iterator[str]:
    yield f"| right | to | {' | '.join(COLUMNS.values())} | |"
    yield "|---" * (len(COLUMNS) + 3) + "|"
    for right, rule in RIGHTS.items():
        scopes = " | ".join(SIGNS[rule.scopes[standing]] for standing in COLUMNS)
        marks = ", ".join(
            mark for mark, set_ in (("fixed", rule.fixed), ("key", rule.by_key)) if set_
        )
        yield f"| `{right}` | {rule.does} | {scopes} | {marks} |"


def _routes() -> Iterator[str]:
    yield ROUTES_BEGINNING
    for right in Right:
        needing = [
            f"`{route.method} {route.path.removeprefix(WORKSPACE) or '/'}`{NEEDS[route.needs]}"
            for route in ROUTES
            if route.right is right and route.audience is Audience.MEMBER
        ]
        if needing:
            yield f"| `{right}` | {', '.join(needing)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
