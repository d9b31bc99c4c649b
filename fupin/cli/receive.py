"""`fupin receive`, `receive-all`, `datasets`: departments' files from the command line."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fupin.cli.acting import acting_user
from fupin.cli.django_setup import django_ready
from fupin.cli.progress import Report, step_progress
from fupin.cli.receive_crew import Announced, receive_one, receive_together, workers_for
from fupin.kernel.errors import UserError

if TYPE_CHECKING:
    from fupin.accounts.api import User
    from fupin.exchange.api import Delivery

MANIFEST = "manifest.csv"
COLUMNS = ("file", "dataset", "provider", "batch", "cut_off")
As = Annotated[str | None, typer.Option("--as", help="账号 / account to act for")]
AsJson = Annotated[bool, typer.Option("--json", help="机器可读 / machine readable")]


def register(app: typer.Typer) -> None:
    app.command("receive")(receive_command)
    app.command("receive-all")(receive_all_command)
    app.command("datasets")(datasets_command)


@dataclass(frozen=True)
class Refused:
    path: Path
    error: UserError


def receive_command(
    dataset: Annotated[str, typer.Argument(help="数据集 / data set, see `fupin datasets`")],
    file: Annotated[Path, typer.Argument(help="XLSX 或 CSV 文件 / file")],
    provider: Annotated[str, typer.Option(help="提供人 / who provides it; default: the department")] = "",
    batch: Annotated[str, typer.Option(help="批次号 / batch; default: year and month of the cut-off date")] = "",
    cut_off: Annotated[str, typer.Option(help="数据截止日 / cut-off date, such as 2026-10-31; default: today")] = "",
    corrects: Annotated[str | None, typer.Option(help="所更正的批次 / the delivery that it corrects")] = None,
    replaces: Annotated[bool, typer.Option(help="整份替换所更正的批次 / the whole of it, not only some rows")] = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """接收一个部门数据文件 / receive one file of a department."""
    _must_exist(file)
    django_ready()
    from fupin.exchange import api as exchange

    by = acting_user(user)
    wanted = exchange.dataset_named(dataset)
    day = parse_day(cut_off) if cut_off else datetime.now().astimezone().date()
    old = _delivery(by, corrects) if corrects else None
    with step_progress(quiet=as_json) as report:
        delivery = exchange.receive(
            by=by,
            dataset=wanted.id,
            path=file,
            provider=provider or wanted.department_zh,
            batch=batch or f"{day:%Y%m}",
            cut_off=day,
            corrects=old,
            replaces=replaces,
            progress=report,
        )
    _show(delivery, as_json)


def receive_all_command(
    folder: Annotated[Path, typer.Argument(help="含 manifest.csv 的文件夹 / folder with a manifest.csv")],
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """接收文件夹中 manifest.csv 列出的全部文件 / receive every file that the folder's manifest.csv lists."""
    django_ready()
    by = acting_user(user)
    with step_progress(quiet=as_json) as report:
        deliveries, refused = receive_folder(by=by, folder=folder, progress=report)
    if as_json:
        told = [{"file": one.path.name, **_problem(one.error)} for one in refused]
        typer.echo(json.dumps({"deliveries": [summary(d) for d in deliveries], "refused": told}, ensure_ascii=False))
    else:
        for delivery in deliveries:
            typer.echo(line_of(delivery))
        for one in refused:
            typer.echo(f"✗ {one.path.name}\n{one.error}", err=True)
    if refused:
        raise typer.Exit(2)


def datasets_command(as_json: AsJson = False) -> None:
    """数据目录：可以交付的数据集 / the data sets that can be delivered."""
    from fupin.catalogue.schema import datasets

    known = datasets().values()
    if as_json:
        names = ("id", "zh", "en", "department", "cycle")
        typer.echo(json.dumps([{name: getattr(d, name) for name in names} for d in known], ensure_ascii=False))
        return
    for one in known:
        typer.echo(f"{one.id:<18}{one.department_zh}：{one.zh} · {one.department_en}: {one.en}")


def receive_folder(*, by: User, folder: Path, progress: Report) -> tuple[list[Delivery], list[Refused]]:
    """Receive what the manifest lists, results in its order. One file's refusal does not stop the others."""
    announced = read_manifest(folder)
    workers = workers_for(announced)
    results = _together(by, announced, workers, progress) if workers > 1 else _in_turn(by, announced, progress)
    refused = [one for one in results if isinstance(one, Refused)]
    return [one for one in results if not isinstance(one, Refused)], refused


def _in_turn(by: User, announced: Sequence[Announced], progress: Report) -> list[Delivery | Refused]:
    done, total = 0, max(1, sum(one.size for one in announced))
    results: list[Delivery | Refused] = []
    for one in announced:
        report = _share(progress, one.path.name, done / total, one.size / total)
        try:
            results.append(receive_one(by, one, report))
        except UserError as error:
            results.append(Refused(one.path, error))
        done += one.size
    return results


def _together(by: User, announced: Sequence[Announced], workers: int, progress: Report) -> list[Delivery | Refused]:
    from fupin.exchange.api import deliveries_for

    outcomes = receive_together(by, announced, workers, progress)
    received = deliveries_for(by).in_bulk([outcome[0] for outcome in outcomes if len(outcome) == 2])
    results: list[Delivery | Refused] = []
    for one, outcome in zip(announced, outcomes, strict=True):
        if len(outcome) == 2:
            delivery = copy(received[outcome[0]])
            delivery.seen_before = bool(outcome[1])
            results.append(delivery)
        else:
            results.append(Refused(one.path, UserError(*outcome)))
    return results


def _share(progress: Report, name: str, low: float, width: float) -> Callable[[str, float], None]:
    return lambda _step, share: progress(name, low + width * share)


def waiting_files(folder: Path) -> list[Path]:
    """The manifest's files that are not in the ledger yet; none when there is no manifest."""
    from fupin.exchange.api import Delivery, DeliveryState

    if not (folder / MANIFEST).exists():
        return []
    accepted = Delivery.objects.filter(state=DeliveryState.ACCEPTED)
    known = set(accepted.values_list("dataset", "sha256"))
    return [one.path for one in read_manifest(folder) if (one.dataset, _sha256(one.path)) not in known]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_manifest(folder: Path) -> list[Announced]:
    """Raises UserError for a missing manifest, a missing column or file, a wrong date."""
    path = folder / MANIFEST
    _must_exist(path)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
            raise UserError(
                f"{path.name} 缺少列：{'、'.join(missing)}",
                f"{path.name} lacks the columns {', '.join(missing)}",
                f"表头应为 {','.join(COLUMNS)}",
                f"the header is {','.join(COLUMNS)}",
            )
        return [_announced(folder, row) for row in reader]


def _announced(folder: Path, row: dict[str, str]) -> Announced:
    path = folder / row["file"]
    _must_exist(path)
    return Announced(path, row["dataset"], row["provider"], row["batch"], parse_day(row["cut_off"]))


def _must_exist(path: Path) -> None:
    if not path.is_file():
        raise UserError(
            f"找不到文件：{path}", f"no such file: {path}", "请检查路径和文件名", "check the path and the name"
        )


def parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise UserError(
            f"日期看不懂：{text}", f"not a date: {text}", "请写成 2026-10-31 的样子", "write it like 2026-10-31"
        ) from None


def _delivery(by: User, delivery_id: str) -> Delivery:
    from fupin.exchange import api as exchange
    from fupin.kernel.errors import NotFound

    try:
        return exchange.delivery_for(by, delivery_id)
    except NotFound:
        raise UserError(
            f"没有批次 {delivery_id}",
            f"no delivery {delivery_id}",
            "编号见交换批次页",
            "its id stands on the page of deliveries",
        ) from None


def summary(delivery: Delivery) -> dict[str, Any]:
    names = ("dataset", "file_name", "state", "rows", "good_rows", "bad_rows", "duplicate_rows", "without_id_rows")
    told = {name: getattr(delivery, name) for name in (*names, "sha256", "batch", "provider")}
    return {"id": delivery.pk, **told, "cut_off": delivery.cut_off.isoformat(), "seen_before": delivery.seen_before}


def line_of(delivery: Delivery) -> str:
    seen = "（以前交付过 / seen before）" if delivery.seen_before else ""
    return (
        f"✓ {delivery.pk}{seen}  行 rows {delivery.rows:,} = 入湖 good {delivery.good_rows:,}"
        f" + 隔离 quarantined {delivery.bad_rows:,} + 重复 duplicates {delivery.duplicate_rows:,}"
    )


def _problem(error: UserError) -> dict[str, str]:
    return {"zh": error.zh, "en": error.en, "hint_zh": error.hint_zh, "hint_en": error.hint_en}


def _show(delivery: Delivery, as_json: bool) -> None:
    typer.echo(json.dumps(summary(delivery), ensure_ascii=False) if as_json else line_of(delivery))
