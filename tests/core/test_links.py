"""Links in whatever form they come, and where a URL leads."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.declare.path import place
from anymedia.model.urls import absolute, hosts_of, is_url, permitted
from anymedia.translate.links import links

ORIGIN = "https://api.acme.example"
CDN = "https://cdn.example/a.png"


@pytest.mark.parametrize(
    ("link", "url"),
    [
        (CDN, CDN),
        ("HTTPS://CDN.example/a.png?x=%zz&y=a|b#f", "HTTPS://CDN.example/a.png?x=%zz&y=a|b#f"),
        ("/f/a.png", f"{ORIGIN}/f/a.png"),
        ("//cdn.example/a.png", CDN),
        ("files/a.png", f"{ORIGIN}/files/a.png"),
        ("./a.png", f"{ORIGIN}/a.png"),
        (f"\ufeff {CDN}\r\n", CDN),
        ("https://cdn.example/\n  a.png", "https://cdn.example/%20%20a.png"),
        ("https://cdn.example/my fox.png?q=a b", "https://cdn.example/my%20fox.png?q=a%20b"),
        ("https://cdn.example/füchse/狐.png", "https://cdn.example/f%C3%BCchse/%E7%8B%90.png"),
        ("https://cdn.example/50%25 off/a%2Fb.png", "https://cdn.example/50%25%20off/a%2Fb.png"),
        ("https://bücher.example:8443/é.png", "https://xn--bcher-kva.example:8443/%C3%A9.png"),
        ("https://user:pass@cdn.example/é", "https://user:pass@cdn.example/%C3%A9"),
        ("http://[::1]:8080/a b.png", "http://[::1]:8080/a%20b.png"),
        *(
            (link, None)
            for link in (
                *("", " ", "a.png", "pending", "n/a", "cdn.example", "ftp://cdn.example/a.png", "javascript:alert(1)"),
                *("http://", "https:///a.png", "http://[", "http://[::1]@/a.png", "http://[::1", "http://[::g]/"),
                *("https://cdn.example:99999/", "https://cdn.example:x/", "https://cdn.example:0/", "https://a b/c"),
                *("https://cdn.example/a\x1b[31m.png", "https://cdn.example/\ufffd.png", "https://cdn.example/\ud800"),
                *("https://us er@cdn.example/", "https://ü@cdn.example/", "https://" + "é" * 70 + ".example/"),
            )
        ),
    ],
)
def test_where_a_link_leads(link, url):
    assert absolute(link, ORIGIN) == url


PIECES = st.sampled_from(
    ["http", "https", ":", "/", "//", "[", "]", "::1", "@", "?", "#", "%", "\\", " ", "\n", "é", "\ud800", "\0", "."]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=9).map("".join), st.sampled_from([ORIGIN, "http://127.0.0.1:1"]))
def test_no_text_breaks_anything_and_a_link_is_one_that_can_be_fetched(text, origin):
    url = absolute(text, origin)
    permitted(text, origin, ("acme.example",))
    if url is not None:
        assert is_url(url)
        assert url.isascii()
        assert url.isprintable()
        assert " " not in url


@pytest.mark.parametrize("url", ["https://[x", "https://x:99999/", "https://api.acme.example.evil/", "\ud800", ""])
def test_a_url_that_is_none_may_not_carry_a_key(url):
    assert not permitted(url, ORIGIN, ("acme.example",))


def test_the_hosts_of_an_adapter_are_those_of_its_own_origin():
    assert hosts_of(("eu.acme.example",), ORIGIN, ORIGIN) == ("eu.acme.example",)
    assert hosts_of(("eu.acme.example",), "https://proxy.example", ORIGIN) == ()


OTHER = "https://cdn.example/b.png"


@pytest.mark.parametrize(
    "value",
    [
        [CDN, OTHER],
        [CDN, OTHER, CDN, "", None],
        [{"url": CDN, "width": 1}, {"url": OTHER}],
        [{"url": [CDN, OTHER]}],
        json.dumps([CDN, OTHER]),
        json.dumps(json.dumps([{"url": CDN}, OTHER])),
        [json.dumps({"url": CDN}), json.dumps(OTHER)],
        [[CDN], [[OTHER]]],
        {"url": [CDN, OTHER]},
    ],
)
@pytest.mark.parametrize("where", ["urls[]", "urls", "text!json.urls[]", "text!json.urls"])
def test_every_form_of_a_list_of_links_is_read(value, where):
    words = {"urls": value, "text": json.dumps({"urls": value})}
    found = links(place(where), words, ORIGIN)
    assert (found.urls, found.data, found.unusable) == ((CDN, OTHER), (), ())


PNG = b"\x89PNG\r\n\x1a\n\0\xff\xfe"


@pytest.mark.parametrize(
    "link",
    [
        "data:image/png;base64," + base64.b64encode(PNG).decode(),
        " DATA:image/png;charset=x;BASE64," + base64.urlsafe_b64encode(PNG).decode().rstrip("=") + "\n",
        "data:image/png;base64," + base64.b64encode(PNG).decode().replace("/", "%2F").replace("A", "A \r\n"),
        "data:image/png," + "".join(f"%{byte:02x}" for byte in PNG),
    ],
)
def test_a_data_uri_is_the_bytes_in_it(link):
    assert links(place("a[]"), {"a": link}, ORIGIN).data == (PNG,)


def test_what_cannot_be_used_is_told_and_ends_nothing_else():
    words = {"a": ["data:image/png;base64,A", "data:,", CDN, "http://[::1]@/a.png", "[1", {"href": CDN}, 7, "x" * 300]}
    found = links(place("a[]"), words, ORIGIN)
    assert (found.urls, found.data) == ((CDN,), ())
    assert found.unusable == ("data:image/png;base64,A", "data:,", "http://[::1]@/a.png", "[1", "x" * 100)
    assert len(links(place("a[]"), {"a": [f"{CDN}?{number}" for number in range(10_001)]}, ORIGIN).urls) == 10_000
    deep = CDN
    for _ in range(9):
        deep = [deep]
    assert links(place("a"), {"a": deep}, ORIGIN).urls == ()
