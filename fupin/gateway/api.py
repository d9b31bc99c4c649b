"""The machine door: deliveries and the data catalogue as JSON. OpenAPI at /api/openapi.json, to try out at /api/docs.

Every error answers {"error": {"code", "zh", "en", "hint_zh", "hint_en"}}: what is wrong, where, how to mend it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import File, Form, NinjaAPI, Schema, Status
from ninja.errors import AuthenticationError, ValidationError
from ninja.files import UploadedFile
from ninja.security import HttpBearer
from pydantic import StringConstraints

from fupin.accounts.api import ApiToken, Forbidden, User, act_from_now_on, require_of_token, token_of
from fupin.catalogue.schema import Dataset
from fupin.exchange import api as exchange
from fupin.gateway import changes, shared
from fupin.kernel.errors import NotFound, UserError


class Token(HttpBearer):
    """``Authorization: Bearer fupin_…``; tokens are issued under 账号 (accounts.api.token_for)."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        found = token_of(token)
        if found is not None:  # until the end of the request: the middleware around it puts back what was before
            act_from_now_on(found.user, origin=request.META.get("REMOTE_ADDR", ""))
        return found


api = NinjaAPI(title="fupin 数据交换接口", version="1", auth=Token(), urls_namespace="fupin-api")


class Problem(Schema):
    code: str
    zh: str
    en: str
    hint_zh: str = ""
    hint_en: str = ""


class ErrorAnswer(Schema):
    error: Problem


#: PostgreSQL keeps no text with a NUL, and no person types one
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]


class DeliverySaid(Schema):
    """What the deliverer says about the file."""

    dataset: Text
    provider: Text
    batch: Text
    cut_off: date
    corrects: Text | None = None
    replaces: bool = False


class DeliveryAnswer(Schema):
    id: str
    dataset: str
    department: str
    provider: str
    batch: str
    cut_off: date
    file_name: str
    size: int
    sha256: str
    state: str
    progress: int
    rows: int | None
    good_rows: int | None
    bad_rows: int | None
    duplicate_rows: int | None
    without_id_rows: int | None
    recognised: dict[str, Any]
    problem: dict[str, str]
    received_at: datetime
    finished_at: datetime | None
    seen_before: bool = False


class ColumnAnswer(Schema):
    name: str
    zh: str
    en: str
    type: str
    unit: str
    codes: str
    required: bool
    pii: str


class DatasetAnswer(Schema):
    id: str
    zh: str
    en: str
    department: str
    cycle: str
    key: list[str]
    columns: list[ColumnAnswer]


ERRORS: dict[int, Any] = dict.fromkeys((400, 401, 403, 404, 422), ErrorAnswer)


@api.post("/deliveries", response={202: DeliveryAnswer, 200: DeliveryAnswer, **ERRORS}, summary="交付一个文件")
def deliver(
    request: HttpRequest, said: Form[DeliverySaid], file: Annotated[UploadedFile, File()]
) -> Status[exchange.Delivery]:
    """202: queued, ask again under /deliveries/{id}. 200: this very file was delivered before."""
    by = _user(request, "deliver")
    corrects = exchange.delivery_for(by, said.corrects) if said.corrects else None
    delivery = exchange.enqueue(
        by=by,
        dataset=said.dataset,
        uploaded_file=file,
        provider=said.provider,
        batch=said.batch,
        cut_off=said.cut_off,
        corrects=corrects,
        replaces=said.replaces,
    )
    return Status(200 if delivery.seen_before else 202, delivery)


@api.get("/deliveries/{delivery_id}", response={200: DeliveryAnswer, **ERRORS}, summary="查询一个批次")
def show_delivery(request: HttpRequest, delivery_id: str) -> exchange.Delivery:
    """State, progress 0–100, counts; ``problem`` says why a file was refused."""
    return exchange.delivery_for(_user(request, "see_deliveries"), delivery_id)


@api.get("/datasets", response={200: list[DatasetAnswer], **ERRORS}, summary="可以交付的数据集")
def list_datasets(request: HttpRequest) -> list[dict[str, Any]]:
    """The data sets that the token's account may deliver, with their columns."""
    return [_dataset(one) for one in exchange.datasets_for(_user(request, "deliver"))]


class AgreementAnswer(Schema):
    id: int
    number: str
    giver: str
    taker: str
    dataset: str
    fields: list[str]
    purpose: str
    region: str
    valid_from: date
    valid_until: date
    standing: str


class SharedAnswer(Schema):
    """``next``: ask for the following page with this as ``after``; null after the last one. All are of one run."""

    agreement: str
    run: str
    region: str
    as_of: date
    total: int
    next: str | None
    rows: list[dict[str, Any]]


@api.get("/agreements", response={200: list[AgreementAnswer], **ERRORS}, summary="本部门的共享协议")
def list_agreements(request: HttpRequest) -> list[exchange.Agreement]:
    """What this account's side gives and gets, the newest first."""
    return list(exchange.agreements_for(_user(request, "read_shared")))


@api.get("/agreements/{int:number}/rows", response={200: SharedAnswer, **ERRORS}, summary="按协议读取数据")
def read_shared(request: HttpRequest, number: int, after: str = "") -> dict[str, Any]:
    """A thousand rows of the newest run, the agreed fields alone. Every reading stands in the ledger of exchanges."""
    return shared.page_of(_user(request, "read_shared"), number, after)


class ChangedRow(Schema):
    """One row of the registry: ``before`` null: it is new; ``after`` null: it was taken away. ``closed``: columns that
    were written and whose values do not go out."""

    table: str
    id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    closed: list[str]


class ChangeAnswer(Schema):
    """``effective``: since when it is true; ``recorded_at``: since when it is known. ``other``: of a split the new
    household, of a merge the one that takes the members in. ``reverses``: the change that this one takes back."""

    id: int
    kind: str
    zh: str
    en: str
    household: str | None
    other: str | None
    person: str | None
    village: str
    effective: date
    recorded_at: datetime
    case: int | None
    batch: int | None
    reverses: int | None
    reversed_by: int | None
    rows: list[ChangedRow]


class ChangesAnswer(Schema):
    """``next``: ask with this as ``after`` to go on, now when there is ``more``, or at any later time."""

    region: str
    next: str
    more: bool
    changes: list[ChangeAnswer]


@api.get("/changes", response={200: ChangesAnswer, **ERRORS}, summary="登记库的变更")
def list_changes(
    request: HttpRequest, region: str = "", household: str = "", since: str = "", after: str = ""
) -> dict[str, Any]:
    """What changed in a region (the token's own by default) or of one household since a moment (``since``, like
    2026-10-31T08:00:00+08:00), the oldest first, five hundred a page. Nobody's name, birth date, health or number is
    in it: of these only that they were written."""
    changes.demand_known(request.GET)
    user = _user(request, changes.VERB)
    return changes.page_of(user, region=region, household=household, since=since, after=after)


def _dataset(one: Dataset) -> dict[str, Any]:
    names = ("id", "zh", "en", "department", "cycle", "key")
    return {**{name: getattr(one, name) for name in names}, "columns": list(one.columns.values())}


def _user(request: HttpRequest, verb: str) -> User:
    """The token's account, for a call that needs ``verb``. Raises Forbidden when the token does not carry it."""
    token: ApiToken = request.auth  # type: ignore[attr-defined]  # ninja puts the result of Token here
    require_of_token(token, verb)
    return token.user


def _answer(request: HttpRequest, status: int, problem: dict[str, str]) -> HttpResponse:
    return api.create_response(request, {"error": problem}, status=status)


@api.exception_handler(UserError)
def on_user_error(request: HttpRequest, error: UserError) -> HttpResponse:
    code = getattr(error, "code", "forbidden" if isinstance(error, Forbidden) else "wrong_request")
    told = {"code": code, "zh": error.zh, "en": error.en, "hint_zh": error.hint_zh, "hint_en": error.hint_en}
    return _answer(request, 403 if isinstance(error, Forbidden) else 400, told)


@api.exception_handler(NotFound)
def on_not_found(request: HttpRequest, _error: NotFound) -> HttpResponse:
    told = Problem(code="not_found", zh="没有这一项，或不属于您", en="there is no such thing, or it is not yours")
    return _answer(request, 404, told.dict())


@api.exception_handler(AuthenticationError)
def on_no_token(request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    told = Problem(
        code="no_token",
        zh="没有令牌，或令牌已失效",
        en="no token, or it is no longer valid",
        hint_zh="请求头写 Authorization: Bearer 令牌",
        hint_en="send the header Authorization: Bearer <token>",
    )
    return _answer(request, 401, told.dict())


@api.exception_handler(ValidationError)
def on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Names the fields; the values are not repeated."""
    fields = ", ".join(str(one["loc"][-1]) for one in error.errors)
    told = Problem(
        code="wrong_fields",
        zh=f"请求的这些项缺失或写错：{fields}",
        en=f"these fields are missing or wrong: {fields}",
        hint_zh="multipart 表单：dataset provider batch cut_off（2026-10-31）file",
        hint_en="multipart form: dataset provider batch cut_off (2026-10-31) file",
    )
    return _answer(request, 422, told.dict())
