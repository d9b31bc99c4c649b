"""Where a message may be sent: never into the platform's own network unless the house allows that part of it.

The name is resolved once; the address that was judged is the one that is connected to, so that a name cannot answer
with a public address first and a private one afterwards.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from fupin.kernel.errors import UserError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Target:
    """An address taken apart; ``path`` with its question."""

    https: bool
    host: str
    port: int
    path: str


class NoHost(UserError):
    """The name is not known now; it may be later."""


def target_of(url: str, *, http: bool) -> Target:
    """``http``: whether plain HTTP is allowed. Raises UserError."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong(url, "网址写得不对", "it is not an address") from None
    plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in ("http", "https") or not host or not plain or len(url) > 500:
        raise _wrong(url, "网址写得不对", "it is not an address")
    if parts.scheme == "http" and not http:
        raise _wrong(url, "只能用 https", "only https is taken")
    if parts.username or parts.password or parts.fragment:
        raise _wrong(url, "网址里不能有账号、密码或 #", "no account, password or # in it")
    secure = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(secure, host, port or (443 if secure else 80), path)


def _wrong(url: str, zh: str, en: str) -> UserError:
    shown = url[:80]
    return UserError(
        f"接收地址不能用：{zh}（{shown}）",
        f"the receiver's address cannot be used: {en} ({shown})",
        "写成 https://主机/路径",
        "write https://host/path",
    )


def judged(target: Target, allowed: Sequence[str]) -> str:
    """The IP address to connect to. ``allowed``: networks that may be private. Raises UserError.

    Every address of the name must pass: which of them is taken is not the sender's to choose.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NoHost(
            f"找不到主机 {target.host}", f"no such host: {target.host}", "核对网址", "check the address"
        ) from None
    addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    networks = [ipaddress.ip_network(one) for one in allowed]
    if not addresses or not all(_open(address, networks) for address in addresses):
        raise UserError(
            f"{target.host} 是内部网络或本机的地址，不能推送",
            f"{target.host} lies inside a private network or this machine: nothing is pushed there",
            "政务外网的接收端，请管理员在 FUPIN_PUSH_NETWORKS 中写明网段",
            "for receivers on the government network, name it in FUPIN_PUSH_NETWORKS",
        )
    return str(addresses[0])


def _open(address: Address, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    real = _inner(address)
    if any(real in network for network in networks):
        return True
    return real.is_global and not real.is_multicast


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
