"""Where addresses that people typed may lead: never into a private network. Pure.

What must not be reached is known only when a name is resolved, so an address is parsed here when
it is typed (`parse_url`), and each IP address it leads to is checked by whoever connects
(`Networks.check`), which then connects to that very address.
"""

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
MAX_URL_CHARS = 2_000

# What `ipaddress` calls global and is not, or is only the wrapping of another address.
_NEVER: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in (
        "100.64.0.0/10",  # carriers' own networks (RFC 6598)
        "192.0.0.0/24",  # protocol assignments (RFC 6890), some of which are "global"
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "64:ff9b:1::/48",  # NAT64 with a prefix of somebody's own (RFC 8215)
        "2001::/23",  # protocol assignments, Teredo among them
        "2002::/16",  # 6to4
        "fec0::/10",  # site-local, of old
        "::/96",  # IPv4-compatible, of old
        "5f00::/16",  # segment routing (RFC 9602)
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052


class EgressRefused(Exception):
    """An address that must not be reached. Its text is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Url:
    """The parts of an address that count: `scheme` `http` or `https`, `host` without brackets."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks that may be reached although they are not public: what EGRESS_ALLOW says."""

    allowed: tuple[Network, ...] = ()

    def check(self, address: str) -> str:
        """`address` in its plain form; raises EgressRefused when it may not be reached.

        An IPv4 address inside an IPv6 one (mapped, NAT64) is judged as what it is.
        """
        try:
            outer = ip_address(address.partition("%")[0])
        except ValueError:
            raise EgressRefused("That is not an IP address.") from None
        inner = _unwrapped(outer)
        if not (_is_public(inner) or self._allow(inner) or self._allow(outer)):
            raise EgressRefused(
                "The address leads into a private network, which the operator has not allowed."
            )
        return str(outer)

    def check_typed(self, host: str) -> None:
        """Raises EgressRefused where `host` is an IP address that may not be reached. A name is
        looked up, and judged, whenever it is connected to.
        """
        if _is_ip(host):
            self.check(host)

    def _allow(self, address: Address) -> bool:
        return any(address in network for network in self.allowed)


def parse_url(url: str) -> Url:
    """The parts of an http(s) address that somebody typed; raises EgressRefused.

    Says nothing about where it leads: a host such as `2130706433` or `localhost` is a name like
    any other until it is resolved.
    """
    if len(url) > MAX_URL_CHARS or not url.isprintable() or " " in url or "\\" in url:
        raise EgressRefused("That is not an address such as https://example.com/mcp.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise EgressRefused("That is not an address such as https://example.com/mcp.") from None
    if parts.scheme not in ("http", "https"):
        raise EgressRefused("An address has to begin with http:// or https://.")
    if "@" in parts.netloc:
        raise EgressRefused("An address must not carry a name or a password.")
    if not parts.hostname or port == 0:
        raise EgressRefused("That is not an address such as https://example.com/mcp.")
    return Url(parts.scheme, parts.hostname, port or {"http": 80, "https": 443}[parts.scheme])


def _is_ip(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _unwrapped(address: Address) -> Address:
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return address


def _is_public(address: Address) -> bool:
    is_special = (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
        or not address.is_global
    )
    return not is_special and not any(address in network for network in _NEVER)
