"""Printed papers: a Typst layout and its data → a PDF, A4. Who took it stands on every page; a deed says so.

A layout reads its data as ``json(bytes(sys.inputs.data))``; no layout ever reaches for the network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import typst
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.kernel.errors import UserError
from fupin.ui import chrome
from fupin.ui.export_marks import Watermark, proof

LAYOUTS = Path(__file__).parent / "layouts"
#: in the order of preference; any of them has the characters
FAMILIES = ("Noto Serif CJK SC", "Source Han Serif SC", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei",
            "WenQuanYi Zen Hei", "AR PL UMing CN", "SimSun", "Songti SC")  # fmt: skip


@cache
def _fonts() -> typst.Fonts:
    """Those of the machine, looked up once: half a second."""
    return typst.Fonts()


def chinese_families() -> list[str]:
    """Raises UserError when the machine has no Chinese font: characters would be drawn as boxes."""
    there = set(_fonts().families())
    found = [family for family in FAMILIES if family in there]
    if not found:
        _fonts.cache_clear()  # installed meanwhile, the next try finds it
        raise UserError(
            "服务器上没有中文字体，打不了 PDF",
            "the server has no Chinese font, so no PDF can be set",
            "请管理员运行：apt-get install fonts-noto-cjk，然后再试",
            "the administrator installs one: apt-get install fonts-noto-cjk; then try again",
        )
    return found


def paper(layout: str, data: Mapping[str, Any]) -> bytes:
    """``layout``: name of a file of ``layouts``. Raises UserError without a Chinese font."""
    inputs = json.dumps({**data, "fonts": chinese_families()}, ensure_ascii=False, default=str)
    made = typst.compile(
        LAYOUTS / f"{layout}.typ", root=LAYOUTS, font_paths=_fonts(), format="pdf", sys_inputs={"data": inputs}
    )
    return bytes(made)


def hand_out(user: User, layout: str, data: Mapping[str, Any], *, object_id: str, region: str) -> HttpResponse:
    """The PDF as a download, written down as an export, with the reader's name on every page."""
    chinese_families()  # what cannot be printed leaves no deed
    with transaction.atomic():
        deed = accounts.record(
            by=user, verb="export", object_kind=f"paper:{layout}", object_id=object_id, region=region,
            detail={"format": "pdf"},
        )  # fmt: skip
    mark = Watermark(user, deed.pk, deed.at)
    notices = [_("演示数据：模拟生成，非真实人员")] * chrome.is_demo() + [mark.words]
    frame = {"footer": "；".join(notices), "mark": f"{deed.pk} {proof(deed.pk)}"}
    answer = HttpResponse(paper(layout, {**data, **frame}), content_type="application/pdf")
    name = f"fupin-{layout}-{object_id}-{timezone.localtime():%Y%m%d-%H%M%S}.pdf"
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["Cache-Control"] = "no-store"
    return answer
