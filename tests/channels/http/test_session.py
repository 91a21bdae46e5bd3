"""Signing in with a password: cookie, second secret, other sites, limits, and signing out."""

from fastapi.testclient import TestClient

from channels.http.controls import EVERY_CONTROL
from channels.http.settings import Limits, ServeSettings
from channels.http.who import COOKIE
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT, PLAN
from tests.channels.http.conftest import PASSWORD, Serve

TAKE = f"/incidents/{INCIDENT}/take"


def _sign_in(client: TestClient, password: str = PASSWORD) -> int:
    return client.post("/session", json={"account": "ann", "password": password}).status_code


def _csrf(client: TestClient) -> dict[str, str]:
    return {"X-CSRF-Token": client.get("/session").json()["csrf_token"]}


def test_password_gives_a_cookie_that_no_page_reads(serve: Serve) -> None:
    answer = serve().post("/session", json={"account": "ann", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_cookie_of_https_is_sent_over_https_alone(serve: Serve) -> None:
    settings = ServeSettings(public_url="https://noctua.example")
    answer = serve(settings=settings).post(
        "/session", json={"account": "ann", "password": PASSWORD}
    )
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"].startswith("max-age=")


def test_session_changes_something_only_with_its_second_secret(serve: Serve) -> None:
    client = serve()
    assert _sign_in(client) == 204
    bare = client.post(TAKE)
    assert (bare.status_code, bare.json()["rule"]) == (403, "cross_site")
    assert client.post(TAKE, headers={"X-CSRF-Token": "guessed"}).status_code == 403
    assert client.post(TAKE, headers=_csrf(client)).status_code == 200


def test_second_secret_is_what_holds(serve: Serve) -> None:
    client = serve(controls=EVERY_CONTROL.without("csrf"))
    _sign_in(client)
    assert client.post(TAKE).status_code == 200


def test_page_of_another_site_changes_nothing_and_the_check_is_what_holds(serve: Serve) -> None:
    for controls, status in ((EVERY_CONTROL, 403), (EVERY_CONTROL.without("origin"), 200)):
        client = serve(controls=controls)
        _sign_in(client)
        for foreign in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
        ):
            sent = {**_csrf(client), **foreign}
            assert client.post(TAKE, headers=sent).status_code == status
    own = {**_csrf(client), "Origin": "http://127.0.0.1:8473", "Sec-Fetch-Site": "same-origin"}
    assert client.post(TAKE, headers=own).status_code == 200


def test_other_site_signs_nobody_in(serve: Serve) -> None:
    given = {"account": "ann", "password": PASSWORD}
    foreign = {"Origin": "https://evil.example"}
    assert serve().post("/session", json=given, headers=foreign).status_code == 403


def test_signed_out_cookie_is_worth_nothing_wherever_it_was_copied(serve: Serve) -> None:
    client = serve()
    _sign_in(client)
    copied = dict(client.cookies)
    assert client.delete("/session", headers=_csrf(client)).status_code == 204
    thief = serve()
    thief.cookies.update(copied)
    assert thief.get("/session").status_code == 401


def test_wrong_password_tells_nothing_of_the_account(serve: Serve) -> None:
    client = serve()
    told = {
        client.post("/session", json={"account": name, "password": "guessed"}).text
        for name in ("ann", "vic", "nobody", "")
    }
    assert len(told) == 1
    assert _sign_in(client, "") == 401


def test_passwords_are_not_tried_without_end(serve: Serve, directory: StateDirectory) -> None:
    settings = ServeSettings(limits=Limits(sign_ins=3))
    client = serve(settings=settings)
    tried = [_sign_in(client, "guessed") for _ in range(5)]
    assert tried == [401, 401, 401, 429, 429]
    assert client.post("/session", json={}).status_code == 422
    free = serve(settings=settings, controls=EVERY_CONTROL.without("rate"))
    assert [_sign_in(free, "guessed") for _ in range(5)] == [401] * 5


def test_requests_are_limited_and_say_when_to_come_again(serve: Serve) -> None:
    client = serve("vic", settings=ServeSettings(limits=Limits(requests=2)))
    assert [client.get("/session").status_code for _ in range(2)] == [200, 200]
    late = client.get("/session")
    assert (late.status_code, late.headers["retry-after"]) == (429, "60")


def test_host_of_another_name_is_not_served(serve: Serve) -> None:
    rebound = {"Host": "evil.example"}
    refused = serve("vic").get("/networks", headers=rebound)
    assert (refused.status_code, refused.headers["x-frame-options"]) == (421, "DENY")
    assert '"evil.example" is no name of this server; add it to `hosts`' in refused.json()["detail"]
    free = serve("vic", controls=EVERY_CONTROL.without("host"))
    assert free.get("/networks", headers=rebound).status_code == 200


def test_every_answer_bears_secure_headers(serve: Serve) -> None:
    for path in ("/health", "/nothing", "/networks", f"/plans/{PLAN}", "/openapi.json"):
        headers = serve().get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"


def test_large_bodies_are_refused(serve: Serve) -> None:
    client = serve("olga", settings=ServeSettings(limits=Limits(body_bytes=1024)))
    answer = client.post(f"/incidents/{INCIDENT}/notes", json={"text": "x" * 2000})
    assert answer.status_code == 413


def test_refusal_says_whether_a_token_or_a_session_proved_nothing(serve: Serve) -> None:
    client = serve()
    token = client.get("/incidents", headers={"Authorization": "Bearer noctua_wrong"})
    assert (token.status_code, token.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert token.json()["detail"].startswith("the token is not known here")
    assert "POST /accounts/ACCOUNT/tokens" in token.json()["detail"]
    client.cookies.set(COOKIE, "noctua_wrong")
    session = client.get("/incidents").json()["detail"]
    assert session.startswith("the session is not known here")
    assert "POST /session" in session
