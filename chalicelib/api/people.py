"""Signing in and out, and who one is (SPEC 2.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib import bootstrap
from chalicelib.api import shapes
from chalicelib.api.http import bearer, body, endpoint, ok, origin

if TYPE_CHECKING:
    from chalice.app import Response

routes = Blueprint(__name__)


@routes.route("/v1/health", methods=["GET"])
@endpoint(routes)
def health() -> shapes.Answer:
    return {"status": "ok"}


@routes.route("/v1/sign-in", methods=["POST"])
@endpoint(routes)
def sign_in() -> Response:
    request = routes.current_request
    given = body(request, shapes.SignIn)
    result = bootstrap.api().identity.sign_in(given.email, given.password, origin(request))
    return ok(shapes.signed_in(result), 201)


@routes.route("/v1/sign-out", methods=["POST"])
@endpoint(routes)
def sign_out() -> shapes.Answer:
    request = routes.current_request
    bootstrap.api().identity.sign_out(bearer(request), origin(request))
    return {"status": "signed out"}


@routes.route("/v1/me", methods=["GET"])
@endpoint(routes)
def me() -> shapes.Answer:
    return shapes.person(*bootstrap.api().identity.whoami(bearer(routes.current_request)))
