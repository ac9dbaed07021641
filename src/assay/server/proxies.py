"""What a proxy says of the request that it passes on is believed if the operator named its address."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send

from assay.wire.errors import InvalidInput

Network = IPv4Network | IPv6Network
HOPS_BOUND = 20


def networks(words: Sequence[str]) -> tuple[Network, ...]:
    """The networks of these addresses. Raises InvalidInput."""
    found = []
    for word in words:
        try:
            found.append(ip_network(word))
        except ValueError:
            raise InvalidInput(
                f"{word[:100]!r} is no network",
                field="--proxy",
                remedy="give an address or a network, as 10.0.0.5 or 10.0.0.0/24",
            ) from None
    return tuple(found)


class Proxies:
    """Gives the application the client, scheme and host that a proxy of ours tells of; nobody else is believed.

    Args:
        app: What is asked.
        trusted: Where our proxies are.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[Network]) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] in ("http", "websocket") and self._is_ours((scope.get("client") or ("",))[0]):
            self._believe(scope)
        await self._app(scope, receive, send)

    def _is_ours(self, text: str) -> bool:
        if not self._trusted:  # mostly; an address is dear to read
            return False
        try:
            address = ip_address(text)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._trusted)

    def _believe(self, scope: Scope) -> None:
        said: dict[bytes, list[str]] = {}
        for name, value in scope["headers"]:
            if name.startswith(b"x-forwarded-"):
                said.setdefault(name, []).extend(part.strip() for part in value.decode("latin-1").split(","))
        # Each hop adds behind: what the last of ours saw is the first that is none of ours, from behind.
        hops = said.get(b"x-forwarded-for", [])[-HOPS_BOUND:]
        client = next((hop for hop in reversed(hops) if not self._is_ours(hop)), hops[0] if hops else None)
        if client is not None:
            scope["client"] = (client, 0)
        if said.get(b"x-forwarded-proto", [""])[-1].lower() in ("http", "https"):
            scope["scheme"] = said[b"x-forwarded-proto"][-1].lower()
        if host := said.get(b"x-forwarded-host", [""])[-1]:
            others = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope["headers"] = [*others, (b"host", host.encode("latin-1"))]
