"""API keys and clients: what programs show (SPEC 2.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib.api.http import body, ok, page_of
from chalicelib.api.routing import Call, member
from chalicelib.api.shapes import Listing
from chalicelib.api.shapes import credentials as shapes
from chalicelib.domain.credentials import Rotation
from chalicelib.domain.rights import Right
from chalicelib.usecases.credentials import NewClient, NewKey

if TYPE_CHECKING:
    from chalice.app import Response

    from chalicelib.domain.credentials import ApiKey, Client
    from chalicelib.usecases.credentials import Issued

routes = Blueprint(__name__)

KEYS = "/api-keys"
KEY = KEYS + "/{key_id}"
CLIENTS = "/clients"
CLIENT = CLIENTS + "/{client_id}"


@member(routes, "POST", KEYS, Right.INTEGRATE)
def create_key(call: Call) -> Response:
    new = body(call.request, shapes.NewKey)
    wanted = NewKey(new.name, tuple(new.scopes), new.expires_in_days)
    made = call.api.credentials.create_key(call.who, wanted, call.key)
    return ok(_issued_key(call, made), 201)


@member(routes, "GET", KEYS, Right.INTEGRATE)
def show_keys(call: Call) -> Listing:
    page = call.api.credentials.keys(call.who, *page_of(call.request))
    return Listing([_key(call, item) for item in page.items], page.next)


@member(routes, "GET", KEY, Right.INTEGRATE)
def show_key(call: Call, key_id: str) -> shapes.KeyOut:
    return _key(call, call.api.credentials.key(call.who, key_id))


@member(routes, "POST", KEY + "/rotate", Right.INTEGRATE)
def rotate_key(call: Call, key_id: str) -> shapes.IssuedKey:
    rotation = _rotation(body(call.request, shapes.Rotation))
    return _issued_key(call, call.api.credentials.rotate_key(call.who, key_id, rotation))


@member(routes, "POST", KEY + "/revoke", Right.INTEGRATE)
def revoke_key(call: Call, key_id: str) -> shapes.KeyOut:
    return _key(call, call.api.credentials.revoke_key(call.who, key_id))


@member(routes, "POST", CLIENTS, Right.INTEGRATE)
def create_client(call: Call) -> Response:
    new = body(call.request, shapes.NewClient)
    wanted = NewClient(new.name, new.expires_in_days)
    made = call.api.credentials.create_client(call.who, wanted, call.key)
    return ok(_issued_client(call, made), 201)


@member(routes, "GET", CLIENTS, Right.INTEGRATE)
def show_clients(call: Call) -> Listing:
    page = call.api.credentials.clients(call.who, *page_of(call.request))
    return Listing([_client(call, item) for item in page.items], page.next)


@member(routes, "GET", CLIENT, Right.INTEGRATE)
def show_client(call: Call, client_id: str) -> shapes.ClientOut:
    return _client(call, call.api.credentials.client(call.who, client_id))


@member(routes, "POST", CLIENT + "/rotate", Right.INTEGRATE)
def rotate_client(call: Call, client_id: str) -> shapes.IssuedClient:
    rotation = _rotation(body(call.request, shapes.Rotation))
    return _issued_client(call, call.api.credentials.rotate_client(call.who, client_id, rotation))


@member(routes, "POST", CLIENT + "/revoke", Right.INTEGRATE)
def revoke_client(call: Call, client_id: str) -> shapes.ClientOut:
    return _client(call, call.api.credentials.revoke_client(call.who, client_id))


def _rotation(given: shapes.Rotation) -> Rotation:
    return Rotation(given.overlap_hours, given.expires_in_days)


def _key(call: Call, item: ApiKey) -> shapes.KeyOut:
    return shapes.key(item, call.api.clock.now())


def _client(call: Call, item: Client) -> shapes.ClientOut:
    return shapes.client(item, call.api.clock.now())


def _issued_key(call: Call, made: Issued[ApiKey]) -> shapes.IssuedKey:
    return shapes.IssuedKey(_key(call, made.record), made.secret)


def _issued_client(call: Call, made: Issued[Client]) -> shapes.IssuedClient:
    return shapes.IssuedClient(_client(call, made.record), made.secret)
