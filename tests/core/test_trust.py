"""A configuration that lies in the working directory leads no key and no file to a host of its own choice."""

import pytest

from anymedia import ConfigError, load_config
from anymedia.config import trusted_folders
from anymedia.trust import folder_of, read_trusted, write_trusted

KEYS = {"REAPI_API_KEY": "rk_live_1", "AWS_SECRET_ACCESS_KEY": "aws-2"}

ELSEWHERE = {
    "providers.reapi.base_url": '[providers.reapi]\nbase_url = "https://evil.example"\napi_key_env = "REAPI_API_KEY"',
    "providers.reapi.proxy": '[providers.reapi]\nproxy = "http://evil.example"',
    "providers.reapi.ca_file": '[providers.reapi]\nca_file = "evil.pem"',
    "providers.reapi.allow_http": "[providers.reapi]\nallow_http = true",
    "proxy": 'proxy = "http://evil.example"',
    "network.ca_file": '[network]\nca_file = "evil.pem"',
    "[storage]": '[storage]\nurl = "https://evil.example"',
    "[storage] of a bucket named as this machine": '[storage]\nurl = "s3://localhost/x"\nresults = true\n'
    'options = { endpoint = "https://evil.example" }',
    "[webhooks]": '[webhooks]\nurl = "https://evil.example"',
    "providers.mine.base_url": '[providers.mine]\nadapter = "reapi"\nbase_url = "https://evil.example"\n'
    'api_key_env = "AWS_SECRET_ACCESS_KEY"',
    "providers.zzz.base_url": '[providers.zzz]\nbase_url = "https://["',
}

HARMLESS = [
    '[route]\npolicy = "cheapest"\nmax_price = "1.00"',
    '[providers.reapi]\napi_key_env = "AWS_SECRET_ACCESS_KEY"\ndaily_limit = "1"\nlimits = { active = 2 }',
    '[providers.reapi]\nbase_url = "https://reapi.ai"',
    '[providers.sim]\nadapter = "reapi"\nbase_url = "http://127.0.0.1:8000"\napi_key_env = "REAPI_API_KEY"',
    '[journal]\npath = "j.db"\nprompts = false',
    '[webhooks]\nurl = "http://127.0.0.1:8080/hooks"',
    '[download]\nhosts = ["10.0.0.1"]',  # from which nothing of the user's is sent
]


@pytest.fixture
def environ(tmp_path):
    return KEYS | {"HOME": str(tmp_path / "home")}


@pytest.fixture
def here(tmp_path, monkeypatch):
    folder = tmp_path / "cloned"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder / "anymedia.toml"


@pytest.mark.parametrize(("place", "text"), ELSEWHERE.items(), ids=ELSEWHERE)
def test_what_leads_a_key_elsewhere_is_refused_with_three_ways_out(here, environ, place, text):
    here.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(environ=environ)
    said = str(caught.value)
    assert said.startswith(f"anymedia.toml: {place.partition(' ')[0]} could lead an API key")
    assert all(way in said for way in ("config=", "ANYMEDIA_CONFIG", "`anymedia trust`"))
    assert "aws-2" not in said
    # Each of the ways leads to what is said of the file itself.
    ways = (lambda: load_config(here, environ), lambda: load_config(environ=environ | {"ANYMEDIA_CONFIG": str(here)}))
    ends = [end_of(way) for way in ways]
    write_trusted(trusted_folders(environ), [str(folder_of(here))])
    ends.append(end_of(lambda: load_config(environ=environ)))
    assert not any("could lead an API key" in end for end in ends)


def end_of(load):
    try:
        return str(load().accounts)
    except ConfigError as error:
        return str(error)


@pytest.mark.parametrize("text", HARMLESS)
def test_everything_else_works_as_anywhere(here, environ, text):
    here.write_text(text)
    found, named = load_config(environ=environ), load_config(here, environ)
    assert (found.accounts, found.route, found.journal) == (named.accounts, named.route, named.journal)


def test_a_folder_is_trusted_by_the_one_name_that_it_has(here, environ, tmp_path, monkeypatch):
    here.write_text(ELSEWHERE["providers.reapi.base_url"])
    link = tmp_path / "link"
    link.symlink_to(here.parent)
    write_trusted(trusted_folders(environ), [str(folder_of(link / "anymedia.toml"))])
    assert load_config(environ=environ).accounts["reapi"].origin == "https://evil.example"
    monkeypatch.chdir(link)
    assert load_config(environ=environ).accounts["reapi"].origin == "https://evil.example"
    other = tmp_path / "other"
    other.mkdir()
    (other / "anymedia.toml").write_text(here.read_text())
    monkeypatch.chdir(other)
    with pytest.raises(ConfigError, match="anymedia trust"):
        load_config(environ=environ)


def test_the_user_s_own_file_is_trusted(here, environ, tmp_path):
    users = tmp_path / "home/.config/anymedia/anymedia.toml"
    users.parent.mkdir(parents=True)
    users.write_text(ELSEWHERE["providers.reapi.base_url"])
    assert load_config(environ=environ).accounts["reapi"].origin == "https://evil.example"


def test_it_is_the_user_s_own_file_too_where_it_lies_in_the_working_directory(environ, tmp_path, monkeypatch):
    users = tmp_path / "home/.config/anymedia/anymedia.toml"
    users.parent.mkdir(parents=True)
    users.write_text(ELSEWHERE["providers.reapi.base_url"])
    monkeypatch.chdir(users.parent)
    assert load_config(environ=environ).accounts["reapi"].origin == "https://evil.example"


def test_the_list_is_its_user_s_alone(tmp_path):
    path = tmp_path / "state" / "trusted.json"
    assert read_trusted(path) == []
    write_trusted(path, ["/b", "/a", "/b"])
    assert (read_trusted(path), path.stat().st_mode & 0o777) == (["/a", "/b"], 0o600)
    path.chmod(0o666)
    assert (read_trusted(path), path.stat().st_mode & 0o777) == (["/a", "/b"], 0o600)
    for text in ("{}", "[1]", "["):
        path.write_text(text)
        with pytest.raises(ConfigError, match="not a list of folders"):
            read_trusted(path)
    with pytest.raises(ConfigError, match=r"Is a directory|directory"):
        read_trusted(tmp_path)
    with pytest.raises(ConfigError, match=r"directory|exists"):
        write_trusted(path / "below", [])
    assert [file.name for file in path.parent.iterdir()] == ["trusted.json"]


def test_a_list_that_others_may_write_and_we_may_not_change_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "trusted.json"
    path.write_text("[]")
    path.chmod(0o666)

    def others(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(type(path), "chmod", others)
    with pytest.raises(ConfigError, match="others may read it or write to it"):
        read_trusted(path)
