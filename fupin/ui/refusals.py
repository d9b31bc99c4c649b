"""What Django would refuse with a bare or an empty page: said in our own words, with a way on."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from django.conf import settings
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import resolve
from django.utils.translation import gettext as _

from fupin.registry import api as registry
from fupin.ui.guards import Problem, page_to_return_to

NUL = "\0"  # PostgreSQL keeps no text with it, and no person types it
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
METHOD_NOT_ALLOWED = 405
CONFLICT = 409
SPOKEN = ("GET", "HEAD", "POST")  # by pages; the API answers for itself
API = "/api/"
TOO_LARGE = 413
INSUFFICIENT_STORAGE = 507
COPIES = 3  # the upload itself, its sealed copy, what is made of it
RESERVE = 64 << 20
#: the largest request of an address that takes files, by its name; anything larger is refused before it is read
LARGEST = {"upload": 2 << 30, "deliver": 2 << 30, "ledger_upload": 1216 << 20}  # a ledger: twelve files of 100 MB
LARGEST_ELSEWHERE = 16 << 20
#: the same for what anybody may send: five files of 8 MB and what is written
LARGEST_PUBLIC = {"portal:object": 42 << 20, "apply:form": 42 << 20}

Answer = Callable[[HttpRequest], HttpResponse]


def plain_refusals(answer: Answer) -> Answer:
    """Middleware: what is too large is 413, without being read; a NUL in an address or a form is 400; and a wrong
    method has a page that says where to go."""

    def answered(request: HttpRequest) -> HttpResponse:
        if request.method not in SPOKEN and not request.path.startswith(API):
            return _wrong_method(request, ", ".join(SPOKEN))
        if (too_large := _too_large(request)) is not None:
            return _refused(request, too_large, TOO_LARGE)
        if (wanting := _wanting_room(request)) is not None:
            return _refused(request, wanting, INSUFFICIENT_STORAGE)
        if _has_nul(request):
            return _refused(request, _nul_problem(request), 400)
        found = answer(request)
        if found.status_code == METHOD_NOT_ALLOWED and not found.streaming and not found.content:
            return _wrong_method(request, found["Allow"])
        return found

    answered.process_exception = _unfitting  # type: ignore[attr-defined]
    return answered


def _unfitting(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """Longer or larger than what a record has room for, where no form has said so before; or somebody else is writing
    the same. Nothing was written."""
    if request.path.startswith(API):
        return None
    if registry.met_another(error):
        how = _("请过几分钟再提交；填写的内容会放回去。")
        return _refused(request, Problem(_("正由别人办理或正在导入台账，没有写入"), request.path, how), CONFLICT)
    if not isinstance(error, DataError):
        return None
    how = _("请改短文字、核对数字和编号后重新提交；填写的内容会放回去。")
    return _refused(request, Problem(_("有一项太长或超出范围，没有写入"), request.path, how), 400)


def _wrong_method(request: HttpRequest, allowed: str) -> HttpResponse:
    page = _refused(request, _method_problem(request), METHOD_NOT_ALLOWED)
    page["Allow"] = allowed
    return page


def page_expired(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - what Django calls
    """In place of Django's page for a stale form (``CSRF_FAILURE_VIEW``): signed in or out in another tab."""
    what = _("页面已过期，这一步没有做成")
    how = _("您可能在另一个窗口登录或退出过。请重新打开原来的页面再做一次，填写的内容会放回去。")
    context = {"problem": Problem(what, request.path, how), "area": "", "door": True}
    return render(request, "ui/error.html", {**context, "again": page_to_return_to(request)}, status=403)


def _too_large(request: HttpRequest) -> Problem | None:
    """More than the address takes. A visitor who has not signed in hands nobody a file."""
    if _size(request) <= LARGEST_ELSEWHERE or _size(request) <= (most := _most(request)):
        return None
    how = _("这里一次最多 %(most)s MB；请分成几个文件，或请管理员在服务器上用 fupin receive 接收。") % {
        "most": most >> 20
    }
    return Problem(_("文件太大，没有收下"), request.path, how)


def _most(request: HttpRequest) -> int:
    try:
        found = resolve(request.path_info)
    except Http404:
        return LARGEST_ELSEWHERE
    if found.view_name in LARGEST_PUBLIC:
        return LARGEST_PUBLIC[found.view_name]
    machine = request.path.startswith(API)  # shows its token before its file is read
    known = machine or request.user.is_authenticated
    return LARGEST.get(found.url_name or "", LARGEST_ELSEWHERE) if known else LARGEST_ELSEWHERE


def _size(request: HttpRequest) -> int:
    """What the request says of itself; 0 for what is no number."""
    said = request.META.get("CONTENT_LENGTH") or ""
    return int(said) if said.isascii() and said.isdigit() else 0


def _wanting_room(request: HttpRequest) -> Problem | None:
    """Before an upload is read: is there room for it? Half a file on a full disk would help nobody."""
    size = _size(request)
    if request.content_type != "multipart/form-data" or settings.FILE_UPLOAD_TEMP_DIR is None:
        return None
    free, wanted = shutil.disk_usage(settings.FILE_UPLOAD_TEMP_DIR).free, COPIES * size + RESERVE
    if free >= wanted:
        return None
    amounts = {"wanted": wanted >> 20, "free": free >> 20}
    what, how = (
        _("服务器磁盘空间不足，文件没有收下"),
        _("约需 %(wanted)s MB，剩余 %(free)s MB；请管理员清理或扩容后再交。") % amounts,
    )
    return Problem(what, request.path, how)


def _nul_problem(request: HttpRequest) -> Problem:
    what, how = _("地址或表单里有不能识别的字符"), _("请删去这个字符（编码 00）后重试。")
    return Problem(what, request.path.replace(NUL, "␀"), how)


def _method_problem(request: HttpRequest) -> Problem:
    return Problem(_("这个地址不能这样打开"), request.path, _("请回到总览，从菜单进入这一步再做一次。"))


def _has_nul(request: HttpRequest) -> bool:
    given = [request.GET]
    if request.method == "POST" and request.content_type in FORMS and not request.path.startswith(API):
        given.append(request.POST)
    return NUL in request.path or any(map(_holds_nul, given))


def _holds_nul(values: QueryDict) -> bool:
    return any(NUL in name or any(NUL in str(value) for value in values.getlist(name)) for name in values)


def _refused(request: HttpRequest, problem: Problem, status: int) -> HttpResponse:
    return render(request, "ui/error.html", {"problem": problem, "area": ""}, status=status)
