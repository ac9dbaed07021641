"""How a browser may show a file that nobody has looked at: by its name alone, from a list of what cannot do harm.

The type is told by the name, never by the bytes, and `nosniff` holds the browser to it. What is not on the list is
saved. A page of the UI that shows an HTML file must hold it to this server by its own `frame-src 'self'`, since a
document may lead its own frame elsewhere; that is why HTML is shown in a frame only, and saved where it would be a page
of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

TEXT = "text/plain; charset=utf-8"
MEDIA: dict[str, str] = {
    "apng": "image/apng",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "gif": "image/gif",
    "ico": "image/x-icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "svg": "image/svg+xml",
    "webp": "image/webp",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "weba": "audio/webm",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "ogv": "video/ogg",
    "webm": "video/webm",
}
TEXTS = frozenset({"cfg", "csv", "ini", "json", "jsonl", "log", "md", "py", "toml", "tsv", "txt", "yaml", "yml"})
PAGES = frozenset({"htm", "html"})
FRAMES = frozenset({"iframe", "frame"})

# No scripts, no network, and an origin that is nobody's.
STILL = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
# What a browser's own viewer needs: it does not start in a sandbox, and runs no scripts as this server.
PDF = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
# Scripts of its own, in an origin that is nobody's: it reads no cookie and no storage, and reaches no network.
HTML = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'"
HTML += "; img-src data: blob:; media-src data: blob:; font-src data:; form-action 'none'; base-uri 'none'"
HTML += "; webrtc 'block'; frame-ancestors 'self'"
ALWAYS = {
    "Cache-Control": "private, no-cache",  # it may be replaced, and whoever reads it may lose his right to
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Vary": "Sec-Fetch-Dest",
    "X-DNS-Prefetch-Control": "off",
}


def headers_for(name: str, header: Callable[[str], str | None]) -> Mapping[str, str]:
    """The headers under which a file of this name is answered; without a Content-Disposition, it is shown.

    Args:
        name: The file's name.
        header: The request's header of a name.
    """
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending in MEDIA:
        return {**ALWAYS, "Content-Type": MEDIA[ending], "Content-Security-Policy": STILL}
    if ending in TEXTS:
        return {**ALWAYS, "Content-Type": TEXT, "Content-Security-Policy": STILL}
    if ending == "pdf":
        return {**ALWAYS, "Content-Type": "application/pdf", "Content-Security-Policy": PDF}
    if ending in PAGES and header("sec-fetch-dest") in FRAMES:
        return {**ALWAYS, "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": HTML}
    return {
        **ALWAYS,
        "Content-Type": "application/octet-stream",
        "Content-Security-Policy": STILL,
        "Content-Disposition": "attachment",
    }
