"""Machines never get a page: what fails before or beside the API's own views is answered as its errors are."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

ADDRESS = "/api/"
Answer = Callable[[HttpRequest], HttpResponse]

#: status → code, zh, en, hint zh, hint en
WORDS: dict[int, tuple[str, str, str, str, str]] = {
    400: (
        "wrong_request", "请求读不懂", "the request cannot be read",
        "请检查表单编码和各项", "check the form's encoding and its fields",
    ),
    404: ("no_such_address", "接口没有这个地址", "the API has no such address", "见 /api/docs", "see /api/docs"),
    405: (
        "wrong_method", "这个地址不接受这种方法", "this address does not take this method",
        "见响应头 Allow", "see the header Allow",
    ),
    413: ("too_large", "请求太大", "the request is too large", "请分成几个文件", "split it into several files"),
    507: (
        "no_room", "服务器磁盘空间不足，文件没有收下", "no room on the server's disk; the file was not taken",
        "请管理员清理或扩容后再交", "ask the administrator for room, then deliver again",
    ),
}  # fmt: skip
FAULT = (
    "internal", "平台出错，没有做任何改动", "a fault of the platform; nothing was changed",
    "请稍后重试；仍然出错请告诉管理员", "try again later; tell the administrator if it fails again",
)  # fmt: skip


def errors_as_json(answer: Answer) -> Answer:
    """Middleware: an error under /api/ that is not JSON yet becomes ``{"error": {…}}`` with the same status."""

    def answered(request: HttpRequest) -> HttpResponse:
        found = answer(request)
        ours = request.path.startswith(ADDRESS) and found.status_code >= 400
        if not ours or found.headers.get("Content-Type", "").startswith("application/json"):
            return found
        code, zh, en, hint_zh, hint_en = WORDS.get(found.status_code, FAULT)
        told = {"code": code, "zh": zh, "en": en, "hint_zh": hint_zh, "hint_en": hint_en}
        plain = JsonResponse({"error": told}, status=found.status_code, json_dumps_params={"ensure_ascii": False})
        if "Allow" in found:
            plain["Allow"] = found["Allow"]
        return plain

    return answered
