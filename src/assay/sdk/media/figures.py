"""Figures of matplotlib and plotly."""

from __future__ import annotations

import io
from typing import Any

from assay.sdk.media.encoded import Encoded, captioned, checked_size, refused
from assay.sdk.media.formats import image_format

PIXELS = 1 << 26
JSON = 16 << 20  # bytes


def figure(value: Any, caption: str = "", *, svg: bool = False) -> Encoded:
    """The figure as files: matplotlib's as PNG, plotly's as the JSON that its library draws.

    Args:
        value: A figure of matplotlib's or plotly's, or axes of matplotlib's.
        caption: Shown below it.
        svg: Whether matplotlib's is kept as SVG too.

    Raises:
        InvalidInput: It is none of these, or too large.
    """
    if is_matplotlib(value):
        data = checked_size(rendered(value, "png"), "figure")
        found = image_format(data)
        assert found is not None
        files = [(".png", data)]
        if svg:
            files.append((".svg", checked_size(rendered(value, "svg"), "figure")))
        return Encoded("figure", captioned({"format": "png", "width": found[1], "height": found[2]}, caption), files)
    if hasattr(value, "to_plotly_json") and hasattr(value, "to_json"):
        data = value.to_json().encode()
        if len(data) > JSON:
            raise refused(
                f"figure has {len(data)} bytes of JSON", "figure", JSON, "draw fewer points, or log it as an image"
            )
        return Encoded("figure", captioned({"format": "plotly"}, caption), [(".plotly.json", data)])
    raise refused(
        f"figure is a {type(value).__name__}", "figure", "matplotlib, plotly", "give a figure of one of these"
    )


def is_matplotlib(value: Any) -> bool:
    """Whether it is a figure of matplotlib's, or axes."""
    return any(
        base.__module__.startswith("matplotlib.") and base.__name__ in ("FigureBase", "_AxesBase")
        for base in type(value).__mro__
    )


def rendered(value: Any, format: str) -> bytes:
    """The file of a figure of matplotlib's. Raises InvalidInput if it has too many pixels."""
    whole = value if hasattr(value, "savefig") else value.get_figure()
    while not hasattr(whole, "savefig"):  # a part of a figure
        whole = whole.figure
    width, height = whole.get_size_inches() * whole.dpi
    if not (width >= 1 and height >= 1 and width * height <= PIXELS):
        raise refused(
            f"figure has {width:.0f} x {height:.0f} pixels", "figure", f"1 to {PIXELS}", "give it a smaller size or dpi"
        )
    file = io.BytesIO()
    whole.savefig(file, format=format)
    return file.getvalue()
