"""Which addresses count as public, and what counts as an address."""

from ipaddress import ip_address, ip_network

import pytest

from chat_app.egress import EgressRefused, Networks, Url, parse_url


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "2001:4860:4860::8888", "64:ff9b::101:101"],
)
def test_a_public_address_may_be_reached(address: str):
    assert Networks().check(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.1.2.3",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.9",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "64:ff9b:1:ffff::808:808",
        "100::1",
        "2001::1",
        "2001:0:7f00:1::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_a_special_address_may_not_be_reached(address: str):
    with pytest.raises(EgressRefused, match="private network"):
        Networks().check(address)


@pytest.mark.parametrize(
    ("network", "address"),
    [
        ("127.0.0.0/8", "127.0.0.1"),
        ("127.0.0.0/8", "::ffff:127.0.0.1"),
        ("10.0.0.0/8", "64:ff9b::a00:1"),
        ("fd00::/8", "fd00::1"),
        ("100.64.0.0/10", "100.64.0.1"),
    ],
)
def test_what_the_operator_allows_may_be_reached(network: str, address: str):
    checked = Networks((ip_network(network),)).check(address)
    assert ip_address(checked) == ip_address(address)


def test_allowing_one_network_allows_no_other():
    with pytest.raises(EgressRefused):
        Networks((ip_network("10.0.0.0/8"),)).check("192.168.0.1")


@pytest.mark.parametrize("address", ["", "localhost", "1.2.3", "0x7f000001", "1.2.3.4:80"])
def test_what_is_no_ip_address_is_refused(address: str):
    with pytest.raises(EgressRefused, match="not an IP address"):
        Networks().check(address)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://example.com/mcp?x=1", Url("https", "example.com", 443)),
        ("http://Example.COM:8080", Url("http", "example.com", 8080)),
        ("http://[2606:4700::1111]/", Url("http", "2606:4700::1111", 80)),
        ("http://2130706433/", Url("http", "2130706433", 80)),
    ],
)
def test_an_address_has_a_scheme_a_host_and_a_port(url: str, parts: Url):
    assert parse_url(url) == parts


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com",
        "ftp://example.com",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_",
        "javascript:alert(1)",
        "http://",
        "http:///x",
        "http://:80/",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://example.com:x/",
        "http://[::1",
        "http://user@example.com/",
        "http://user:password@example.com/",
        "http://example.com@evil.example/",
        "http://exam ple.com/",
        "http://example.com\\@evil.example/",
        "http://example.com/\r\nHost: evil",
        "http://example.com/\t",
        "https://example.com/" + "x" * 2_000,
    ],
)
def test_what_is_no_address_is_refused(url: str):
    with pytest.raises(EgressRefused):
        parse_url(url)
