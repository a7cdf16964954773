"""API keys and clients: what programs show (SPEC 2.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib.api.routing import Call, member
from chalicelib.api.shapes import Listing, Paging
from chalicelib.api.shapes import credentials as shapes
from chalicelib.domain.credentials import Rotation
from chalicelib.domain.errors import Conflict, IllegalMove, KeyReused, Stale
from chalicelib.domain.rights import Right
from chalicelib.usecases.credentials import NewClient, NewKey

if TYPE_CHECKING:
    from chalicelib.domain.credentials import ApiKey, Client
    from chalicelib.usecases.credentials import Issued

routes = Blueprint(__name__)

KEYS = "/api-keys"
KEY = KEYS + "/{key_id}"
CLIENTS = "/clients"
CLIENT = CLIENTS + "/{client_id}"


@member(
    routes,
    "POST",
    KEYS,
    Right.INTEGRATE,
    takes=shapes.NewKey,
    gives=shapes.IssuedKey,
    status=201,
    refuses=(KeyReused,),
)
def create_key(call: Call, new: shapes.NewKey) -> shapes.IssuedKey:
    """A key of this API. Its token is in this answer alone."""
    wanted = NewKey(new.name, tuple(new.scopes), new.expires_in_days)
    return _issued_key(call, call.api.credentials.create_key(call.who, wanted, call.key))


@member(routes, "GET", KEYS, Right.INTEGRATE, query=Paging, gives=Listing[shapes.KeyOut])
def show_keys(call: Call, query: Paging) -> Listing[shapes.KeyOut]:
    """The workspace's keys, without their tokens."""
    page = call.api.credentials.keys(call.who, *query.at)
    return Listing([_key(call, item) for item in page.items], page.next)


@member(routes, "GET", KEY, Right.INTEGRATE, gives=shapes.KeyOut)
def show_key(call: Call, key_id: str) -> shapes.KeyOut:
    """One key, without its token."""
    return _key(call, call.api.credentials.key(call.who, key_id))


@member(
    routes,
    "POST",
    KEY + "/rotate",
    Right.INTEGRATE,
    takes=shapes.Rotation,
    gives=shapes.IssuedKey,
    refuses=(IllegalMove, Conflict, Stale),
)
def rotate_key(call: Call, given: shapes.Rotation, key_id: str) -> shapes.IssuedKey:
    """A new token; the old ones hold for as long as `overlap_hours` says."""
    made = call.api.credentials.rotate_key(call.who, key_id, _rotation(given))
    return _issued_key(call, made)


@member(
    routes,
    "POST",
    KEY + "/revoke",
    Right.INTEGRATE,
    gives=shapes.KeyOut,
    refuses=(IllegalMove, Stale),
)
def revoke_key(call: Call, key_id: str) -> shapes.KeyOut:
    """No token of it is good any more."""
    return _key(call, call.api.credentials.revoke_key(call.who, key_id))


@member(
    routes,
    "POST",
    CLIENTS,
    Right.INTEGRATE,
    takes=shapes.NewClient,
    gives=shapes.IssuedClient,
    status=201,
    refuses=(KeyReused,),
)
def create_client(call: Call, new: shapes.NewClient) -> shapes.IssuedClient:
    """A name and a password for the messages API. The password is in this answer alone."""
    wanted = NewClient(new.name, new.expires_in_days)
    return _issued_client(call, call.api.credentials.create_client(call.who, wanted, call.key))


@member(routes, "GET", CLIENTS, Right.INTEGRATE, query=Paging, gives=Listing[shapes.ClientOut])
def show_clients(call: Call, query: Paging) -> Listing[shapes.ClientOut]:
    """The workspace's clients, without their passwords."""
    page = call.api.credentials.clients(call.who, *query.at)
    return Listing([_client(call, item) for item in page.items], page.next)


@member(routes, "GET", CLIENT, Right.INTEGRATE, gives=shapes.ClientOut)
def show_client(call: Call, client_id: str) -> shapes.ClientOut:
    """One client, without its password."""
    return _client(call, call.api.credentials.client(call.who, client_id))


@member(
    routes,
    "POST",
    CLIENT + "/rotate",
    Right.INTEGRATE,
    takes=shapes.Rotation,
    gives=shapes.IssuedClient,
    refuses=(IllegalMove, Conflict, Stale),
)
def rotate_client(call: Call, given: shapes.Rotation, client_id: str) -> shapes.IssuedClient:
    """A new password; the old ones hold for as long as `overlap_hours` says."""
    made = call.api.credentials.rotate_client(call.who, client_id, _rotation(given))
    return _issued_client(call, made)


@member(
    routes,
    "POST",
    CLIENT + "/revoke",
    Right.INTEGRATE,
    gives=shapes.ClientOut,
    refuses=(IllegalMove, Stale),
)
def revoke_client(call: Call, client_id: str) -> shapes.ClientOut:
    """No password of it is good any more."""
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
