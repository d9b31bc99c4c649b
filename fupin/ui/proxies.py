"""From where a request comes when proxies stand in front: decided once, before anything else looks at the request.

Afterwards ``REMOTE_ADDR`` is the address that the trail, the brakes on guessing and the list of open sessions mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
#: what only a proxy may say
SAID_BY_PROXIES = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED")


def origin_first(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware. Without ``FUPIN_PROXIES`` nothing is changed: the address is that of whoever connects."""

    def deciding(request: HttpRequest) -> HttpResponse:
        proxies = _networks(tuple(settings.FUPIN_PROXIES))
        if proxies:
            remote = str(request.META.get("REMOTE_ADDR", ""))
            if believed(remote, proxies):
                request.META["REMOTE_ADDR"] = origin_of(remote, request.META.get("HTTP_X_FORWARDED_FOR", ""), proxies)
            else:
                for header in SAID_BY_PROXIES:
                    request.META.pop(header, None)
        return answer(request)

    return deciding


def origin_of(remote: str, forwarded: str, proxies: Sequence[Network]) -> str:
    """The nearest address that is no proxy of ours: read from right to left, since only our proxies wrote there.

    What stands further left somebody else wrote. Where a proxy wrote what is no address, the proxy's own is told.
    """
    address, hops = remote, forwarded.split(",")
    while hops and believed(address, proxies):
        hop = _address(hops.pop())
        if hop is None:
            break
        address = str(hop)
    return address


def believed(address: str, proxies: Sequence[Network]) -> bool:
    found = _address(address)
    return found is not None and any(found in network for network in proxies)


def _address(said: str) -> Address | None:
    """Also with a port behind it, and of IPv4 written as IPv6."""
    text = said.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


@lru_cache(maxsize=8)
def _networks(written: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(one) for one in written)
