from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import credentials as rules
from chalicelib.domain.credentials import Rotation, Secret
from chalicelib.domain.errors import Conflict, Forbidden, IllegalMove, Invalid
from chalicelib.domain.identity import digest_of, owner_in
from chalicelib.domain.rights import KEY_RIGHTS, Right, Scope, Standing, scopes_of
from tests.fakes.samples import api_key, client, secret
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from chalicelib.domain.credentials import ApiKey, Client

HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
ADMIN = scopes_of(Standing.ADMIN, {})
FRESH = Secret("f" * 64, "usr_b", MORNING)


def key(**changes: object) -> ApiKey:
    return api_key(**{"secrets": (secret(),), **changes})


# --- which secret holds ---------------------------------------------------------------------------


def test_a_secret_holds_up_to_its_end_and_not_at_it() -> None:
    held = key(secrets=(secret(valid_until=MORNING + HOUR),))
    assert rules.secret_shown(held, secret().digest, MORNING + HOUR - TICK) == held.secrets[0]
    assert rules.secret_shown(held, secret().digest, MORNING + HOUR) is None


def test_nothing_outlives_its_credential() -> None:
    held = key(expires_at=MORNING + HOUR, secrets=(secret(valid_until=MORNING + 2 * HOUR),))
    assert rules.secret_shown(held, secret().digest, MORNING + HOUR - TICK) is not None
    assert rules.secret_shown(held, secret().digest, MORNING + HOUR) is None


def test_a_client_without_an_end_goes_on() -> None:
    held = client(secrets=(secret(),), expires_at=None)
    assert rules.secret_shown(held, secret().digest, MORNING + timedelta(days=9_999)) is not None


@pytest.mark.parametrize("credential", [api_key(), client()], ids=["key", "client"])
def test_nothing_of_a_revoked_credential_holds(credential: ApiKey | Client) -> None:
    revoked = rules.revoke(credential, MORNING)
    assert rules.secret_shown(credential, secret().digest, MORNING) is not None
    assert rules.secret_shown(revoked, secret().digest, MORNING) is None


def test_each_of_its_secrets_is_told_from_the_others() -> None:
    held = api_key()
    assert [rules.secret_shown(held, each.digest, MORNING) for each in held.secrets] == list(
        held.secrets
    )
    assert rules.secret_shown(held, "0" * 64, MORNING) is None


def test_its_state_is_told_to_people() -> None:
    now, late = MORNING, MORNING + timedelta(days=366)
    assert [key().state_at(now), key().state_at(late)] == ["active", "expired"]
    assert rules.revoke(key(), now).state_at(late) == "revoked"
    assert [client().state_at(late), rules.revoke(client(), now).state_at(now)] == [
        "active",
        "revoked",
    ]


# --- rotating -------------------------------------------------------------------------------------


def test_rotating_puts_the_new_secret_first_and_ends_the_old_one_after_the_overlap() -> None:
    rotated = rules.rotate(key(), FRESH, Rotation(overlap_hours=2), MORNING)
    assert rotated.secrets == (FRESH, secret(valid_until=MORNING + 2 * HOUR))
    assert rotated.expires_at == key().expires_at


def test_without_overlap_every_old_secret_ends_at_once() -> None:
    rotated = rules.rotate(api_key(), FRESH, Rotation(overlap_hours=0), MORNING)
    assert rotated.secrets == (FRESH,)


def test_rotating_again_leaves_the_secret_that_programs_still_use() -> None:
    """The answer to the first may be lost: nobody has seen the secret that it made."""
    lost = Secret("e" * 64, "usr_b", MORNING)
    once = rules.rotate(key(), lost, Rotation(overlap_hours=24), MORNING)
    twice = rules.rotate(once, FRESH, Rotation(overlap_hours=24), MORNING + HOUR)
    assert rules.secret_shown(twice, secret().digest, MORNING + 24 * HOUR - TICK) is not None
    assert rules.secret_shown(twice, secret().digest, MORNING + 24 * HOUR) is None


def test_a_longer_overlap_does_not_bring_an_ending_secret_back() -> None:
    once = rules.rotate(key(), FRESH, Rotation(overlap_hours=1), MORNING)
    again = rules.rotate(once, secret(digest="a" * 64), Rotation(overlap_hours=720), MORNING)
    assert again.secrets[-1].valid_until == MORNING + HOUR
    late = rules.rotate(once, secret(digest="a" * 64), Rotation(overlap_hours=720), MORNING + HOUR)
    assert [each.digest for each in late.secrets] == ["a" * 64, FRESH.digest]


def test_a_new_life_is_the_new_secrets_and_not_the_old_ones() -> None:
    ends = MORNING + HOUR
    rotated = rules.rotate(
        key(expires_at=ends), FRESH, Rotation(overlap_hours=24, expires_in_days=30), MORNING
    )
    assert rotated.expires_at == MORNING + timedelta(days=30)
    assert rules.secret_shown(rotated, secret().digest, ends) is None
    assert rules.secret_shown(rotated, FRESH.digest, ends) == FRESH


def test_a_clients_new_life_ends_too() -> None:
    rotated = rules.rotate(client(), FRESH, Rotation(expires_in_days=30), MORNING)
    assert rotated.expires_at == MORNING + timedelta(days=30)


def test_no_secret_that_holds_is_dropped_for_another() -> None:
    held = key()
    for number in range(1, rules.SECRETS_MAX):
        held = rules.rotate(held, secret(digest=str(number) * 64), Rotation(), MORNING)
    with pytest.raises(Conflict, match="overlap_hours 0"):
        rules.rotate(held, FRESH, Rotation(overlap_hours=1), MORNING)
    assert rules.rotate(held, FRESH, Rotation(overlap_hours=0), MORNING).secrets == (FRESH,)
    later = MORNING + timedelta(hours=rules.DEFAULT_OVERLAP_HOURS)
    assert len(rules.rotate(held, FRESH, Rotation(), later).secrets) == 2


@pytest.mark.parametrize("credential", [api_key(), client()], ids=["key", "client"])
def test_what_is_over_cannot_be_rotated(credential: ApiKey | Client) -> None:
    with pytest.raises(IllegalMove, match=f"{credential.KIND} that is revoked cannot be rotated"):
        rules.rotate(rules.revoke(credential, MORNING), FRESH, Rotation(), MORNING)


def test_what_has_expired_cannot_be_rotated_not_even_for_a_new_life() -> None:
    with pytest.raises(IllegalMove, match="key that is expired cannot be rotated"):
        rules.rotate(
            key(expires_at=MORNING), FRESH, Rotation(overlap_hours=1, expires_in_days=9), MORNING
        )


def test_revoking_is_for_good_and_once() -> None:
    revoked = rules.revoke(key(), MORNING)
    assert revoked.revoked_at == MORNING
    with pytest.raises(IllegalMove, match="key that is revoked cannot be revoked"):
        rules.revoke(revoked, MORNING + HOUR)


def test_an_expired_one_can_be_revoked() -> None:
    assert rules.revoke(key(expires_at=MORNING), MORNING).revoked_at == MORNING


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 720), st.none() | st.integers(1, 730)),
        max_size=8,
    )
)
def test_no_rotation_makes_an_old_secret_hold_longer(
    turns: list[tuple[int, int, int | None]],
) -> None:
    held, now = key(), MORNING
    for number, (hours, overlap, life) in enumerate(turns):
        now += timedelta(hours=hours)
        fresh = Secret(f"{number:064}", "usr_a", now)
        before = {each.digest: _end(held, each) for each in held.secrets}
        try:
            held = rules.rotate(held, fresh, Rotation(overlap, life), now)
        except Conflict:
            continue
        assert held.secrets[0] == fresh
        assert len(held.secrets) <= rules.SECRETS_MAX
        for old in held.secrets[1:]:
            assert now < _end(held, old) <= min(before[old.digest], now + timedelta(hours=overlap))


def _end(credential: ApiKey, held: Secret) -> datetime:
    return min(held.valid_until or credential.expires_at, credential.expires_at)


# --- secrets, as shown and as stored --------------------------------------------------------------


def test_a_key_shows_a_token_that_names_it() -> None:
    token, stored = rules.issue(api_key(), "bits_with-signs", "usr_b", MORNING)
    assert token == "mck_a_bits_with-signs"
    assert owner_in(token, rules.KEY_PREFIX, rules.KEY_ID_PREFIX) == api_key().id
    assert stored == Secret(digest_of(token), "usr_b", MORNING)


def test_of_a_client_the_digest_of_the_legacy_hash_is_stored() -> None:
    """CONTRACTS 1: HASHCHECK is the hex SHA-256 of `USERNAME:PASSWORD`."""
    password, stored = rules.issue(client(), "bits", "usr_b", MORNING)
    hashcheck = sha256(b"wsp_a.cli_a:bits").hexdigest()
    assert password == "bits"
    assert rules.hashcheck_of("wsp_a.cli_a", "bits") == hashcheck
    assert stored.digest == sha256(hashcheck.encode()).hexdigest()
    assert stored.digest != hashcheck


def test_a_username_leads_to_workspace_and_client() -> None:
    assert rules.username_parts(client().username) == ("wsp_a", "cli_a")


@pytest.mark.parametrize("username", ["", ".", "cli_a", ".cli_a", "wsp_a.", "wsp_ä.cli_a"])
def test_what_is_no_username_leads_nowhere(username: str) -> None:
    assert rules.username_parts(username) is None


# --- what a key may do ----------------------------------------------------------------------------


def test_a_key_has_its_rights_over_everything() -> None:
    assert rules.key_scopes(key(scopes=(Right.VIEW, Right.FEED))) == {
        Right.VIEW: Scope.ALL,
        Right.FEED: Scope.ALL,
    }


@pytest.mark.parametrize("right", sorted(set(Right) - KEY_RIGHTS))
def test_a_right_that_no_key_may_have_is_none_even_where_it_is_stored(right: Right) -> None:
    assert rules.key_scopes(key(scopes=(right,))) == {}
    with pytest.raises(Invalid, match="scopes: a key that you make can have"):
        rules.check_key("Shop", [right], 1, scopes_of(Standing.SUPER_ADMIN, {}))


def test_nobody_gives_a_key_what_they_cannot_do_to_everything() -> None:
    owner = {**ADMIN, Right.FEED: Scope.OWN, Right.EXPORT: Scope.NONE}
    rules.check_key("Shop", [Right.VIEW], 1, owner)
    for right in (Right.FEED, Right.EXPORT):
        with pytest.raises(Invalid, match="scopes") as refused:
            rules.check_key("Shop", [Right.VIEW, right], 1, owner)
        assert right not in str(refused.value)


def test_all_that_is_wrong_with_a_new_key_is_named_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_key("", [], 0, ADMIN)
    assert [problem.field for problem in refused.value.problems] == [
        "name",
        "scopes",
        "expires_in_days",
    ]


@pytest.mark.parametrize(
    ("name", "days", "field"),
    [
        (" ", None, "name"),
        ("x" * (rules.NAME_MAX + 1), None, "name"),
        ("two\nlines", None, "name"),
        ("Shop", 0, "expires_in_days"),
        ("Shop", rules.DAYS_MAX + 1, "expires_in_days"),
        ("Shop", 10**18, "expires_in_days"),
    ],
)
def test_a_client_needs_a_name_and_a_life_that_can_be(
    name: str, days: int | None, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_client(name, days)
    assert [problem.field for problem in refused.value.problems] == [field]


@pytest.mark.parametrize("days", [None, 1, rules.DAYS_MAX])
def test_a_client_may_live_for_ever_or_up_to_two_years(days: int | None) -> None:
    rules.check_client("x" * rules.NAME_MAX, days)


@pytest.mark.parametrize("hours", [0, rules.OVERLAP_HOURS_MAX])
def test_an_overlap_may_be_none_or_a_month(hours: int) -> None:
    rules.check_rotation(Rotation(hours, 1))


@pytest.mark.parametrize("hours", [-1, rules.OVERLAP_HOURS_MAX + 1, 10**18])
def test_an_overlap_beyond_that_is_refused_along_with_all_else(hours: int) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_rotation(Rotation(hours, 0))
    assert [problem.field for problem in refused.value.problems] == [
        "overlap_hours",
        "expires_in_days",
    ]


def test_nobody_gets_to_see_the_secret_of_a_key_that_may_do_more() -> None:
    held = key(scopes=(Right.VIEW, Right.FULL_NUMBERS))
    rules.check_rotator(held, ADMIN)
    with pytest.raises(Forbidden, match=r"numbers:full"):
        rules.check_rotator(held, {**ADMIN, Right.FULL_NUMBERS: Scope.OWN})


def test_a_stored_right_that_no_key_may_have_keeps_nobody_from_rotating() -> None:
    rules.check_rotator(key(scopes=(Right.VIEW, Right.MANAGE_CHANNEL)), ADMIN)


# --- the audit log --------------------------------------------------------------------------------


@pytest.mark.parametrize("credential", [api_key(), client()], ids=["key", "client"])
def test_the_audit_log_says_whose_secrets_hold_and_has_no_digest(
    credential: ApiKey | Client,
) -> None:
    rotated = rules.rotate(credential, FRESH, Rotation(overlap_hours=2), MORNING)
    facts = rules.facts(rules.revoke(rotated, MORNING))
    assert str(facts["secrets"]).startswith("usr_b, usr_a until 2026-03-02T11:00:00.000Z")
    assert facts["revoked_at"] == "2026-03-02T09:00:00.000Z"
    assert not [
        value for value in facts.values() for each in rotated.secrets if each.digest in str(value)
    ]


def test_the_audit_log_says_what_a_key_may_do() -> None:
    assert rules.facts(key())["scopes"] == "view recipients:feed"
    assert "scopes" not in rules.facts(client())
    assert rules.facts(client())["expires_at"] is None
