"""The look of the login pages: plain HTML without scripts, light or dark as the browser asks."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from starlette.responses import HTMLResponse

STYLE = """
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--text:#1a1f29;--muted:#596273;--line:#c5cbd6;--accent:#2458c8;
--on:#fff;--bad:#b3261e;--bad-bg:#fdeceb}
@media(prefers-color-scheme:dark){:root{--bg:#0e1116;--card:#1b1f28;--text:#e7eaf0;--muted:#a2abbb;--line:#3b4353;
--accent:#7ba7ff;--on:#0c1220;--bad:#ff8f86;--bad-bg:#3a1715}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;
background:var(--bg);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:min(24rem,100%);background:var(--card);border:1px solid var(--line);border-radius:10px;padding:2rem}
h1{font-size:1.35rem;line-height:1.3;margin:0 0 1rem}p{margin:0 0 1rem}.muted{color:var(--muted);font-size:13px}
label{display:block;font-weight:600;margin:0 0 .3rem}
input{width:100%;font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:6px;
padding:.55rem .7rem;margin:0 0 1rem}
button,.button{display:block;width:100%;font:inherit;font-weight:600;text-align:center;text-decoration:none;
border:1px solid var(--accent);border-radius:6px;padding:.6rem;background:var(--accent);color:var(--on);cursor:pointer}
.second{background:transparent;color:var(--accent)}
input:focus-visible,button:focus-visible,a:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.wrong{background:var(--bad-bg);border-left:3px solid var(--bad);border-radius:4px;padding:.7rem .9rem;
margin:0 0 1.2rem}
.wrong strong{color:var(--bad)}hr{border:0;border-top:1px solid var(--line);margin:1.5rem 0}
form+form,form+.button{margin-top:1rem}
""".strip()
STYLE_HASH = base64.b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # with none, a browser hides where a form comes from, too
}


@dataclass(frozen=True, slots=True)
class Field:
    """One line to fill in."""

    name: str
    label: str
    kind: str = "text"
    fills: str = ""  # autocomplete
    value: str = ""
    least: int = 0  # characters

    def shown(self, *, first: bool) -> str:
        """As HTML."""
        least = f' minlength="{self.least}"' if self.least else ""
        return (
            f'<label for="{self.name}">{html.escape(self.label)}</label><input id="{self.name}" name="{self.name}" '
            f'type="{self.kind}" value="{html.escape(self.value, quote=True)}" autocomplete="{self.fills}" '
            f'maxlength="200" required{least} autocapitalize="none" spellcheck="false"{" autofocus" if first else ""}>'
        )


def form(action: str, hidden: Sequence[tuple[str, str]], fields: Sequence[Field], button: str, kind: str = "") -> str:
    """A form that is sent to this server."""
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value, quote=True)}">' for name, value in hidden
    )
    asked = "".join(field.shown(first=at == 0) for at, field in enumerate(fields))
    sends = f'<button class="{kind}">{html.escape(button)}</button>'
    return f'<form method="post" action="{html.escape(action, quote=True)}">{kept}{asked}{sends}</form>'


def text(words: str, kind: str = "") -> str:
    """A paragraph."""
    return f'<p class="{kind}">{html.escape(words)}</p>'


def link(target: str, words: str, kind: str = "") -> str:
    """A link to a path of this server."""
    return f'<a class="{kind}" href="{html.escape(target, quote=True)}">{html.escape(words)}</a>'


def wrong(message: str, remedy: str | None) -> str:
    """What went wrong, and what to do."""
    told = f"<br>{html.escape(remedy[:1].upper() + remedy[1:])}." if remedy else ""
    return f'<div class="wrong" role="alert"><strong>{html.escape(message)}.</strong>{told}</div>'


def page(title: str, body: str, status: int = 200, leads_to: str | None = None) -> HTMLResponse:
    """The page.

    Args:
        title: Of the page.
        body: HTML.
        status: Of the answer.
        leads_to: A path where it goes on by itself. A browser that was sent here by another site brings no cookies of
            ours along; from a page of ours on it does.
    """
    onward = (
        "" if leads_to is None else f'<meta http-equiv="refresh" content="0;url={html.escape(leads_to, quote=True)}">'
    )
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta name="robots" content="noindex">{onward}<title>{html.escape(title)} - Assay</title>'
        f"<style>{STYLE}</style></head><body><main><h1>{html.escape(title)}</h1>{body}</main></body></html>",
        status,
        HEADERS,
    )
