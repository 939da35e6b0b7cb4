"""A picture as small as it can be read well: at most 256 colours, which is more than text needs."""

from __future__ import annotations

import io

from PIL import Image


def smaller(taken: bytes) -> bytes:
    """A PNG with a palette; nothing else of the file is kept."""
    picture = Image.open(io.BytesIO(taken)).convert("RGB")
    drawn = picture.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = io.BytesIO()
    drawn.save(out, "PNG", optimize=True)
    return out.getvalue()
