from datetime import UTC, datetime, timedelta

from anymedia import Account
from anymedia.declare import Adapter, Endpoint, Gap, Header, Lifecycle, Pace, Query, Reply, Setting, Token
from anymedia.translate import decode, encode
from anymedia.translate.classify import Asked
from anymedia.translate.messages import Answer

# What an account says beside its API key: in its table of anymedia.toml, or in a variable.
SETTINGS = {
    "organization": Setting(env="VAULT_ORG", required=True),
    "client": Setting(env="VAULT_CLIENT", secret=True),
    "hook_secret": Setting(env="VAULT_HOOK", secret=True, rotated=True),  # the one before it: VAULT_HOOK_OLD
    "region": Setting(default="eu"),
}
# A call with the API key and the client's secret gives a token, which then goes in place of the API key.
TOKEN = Token(
    call=Endpoint(method="POST", path="/login", body="form", auth=Header("X-Key")),
    sends={"key": "{api_key}", "client": "{client}"},
    token="access.token",
    expires="access.seconds",  # or "access.until!iso", or 300 where the page says so
    name="X-Access",
    prefix="Pass ",
)
vault = Adapter(
    name="vault",
    title="Vault",
    page="docs.vault.example",
    read="2026-11-20",
    base_url="https://api.vault.example",
    api_key_env=("VAULT_API_KEY", "VAULT_KEY"),  # the first that is set
    auth=(TOKEN, Header(name="X-Client", prefix="Client ", of="client"), Query(name="client", of="client")),
    settings=SETTINGS,
    headers={"X-Org": "{organization}", "X-Region": "{region}"},  # with every call that carries the API key
    lifecycle=Lifecycle(submit=Endpoint(method="POST", path="/v1", reply=Reply(id="id")), pace=Pace(first=1, then=1)),
    offers=(),
    gaps=(Gap(what="how to cancel", choice="nothing is canceled"),),
)
assert vault.needed == ("organization", "client")  # without these nothing is sent

account = Account(name="vault", adapter=vault, origin=vault.base_url, settings={"organization": "org-1"})
login = encode.ask_token(account, TOKEN)
assert (login.method, login.url) == ("POST", "https://api.vault.example/login")

now = datetime(2026, 11, 20, tzinfo=UTC)
asked = Asked(adapter=vault, account="vault", origin=vault.base_url, model=None, now=now)
token, until = decode.token(asked, TOKEN, Answer(200, {}, b'{"access": {"token": "t-7", "seconds": 300}}'))
assert (token.reveal(), until) == ("t-7", now + timedelta(seconds=300))
submit = encode.submit(account, None, "/v1", {"prompt": "a fox"}, None)
assert submit.headers["X-Org"] == "org-1"
assert "t-7" not in str(submit)  # what shows who asks is put into a call last
