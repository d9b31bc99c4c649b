"""`fupin demo`: a whole generated city, from raw department files to pages, in one command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fupin.cli.parent import PARENT
from fupin.cli.postgres.places import private_file
from fupin.cli.progress import Report, step_progress
from fupin.kernel.errors import UserError

if TYPE_CHECKING:
    from fupin.accounts.api import User

CITY, AS_OF, SEED = "4501", date(2026, 10, 31), 2016


@dataclass(frozen=True)
class City:
    """How large the demonstration is."""

    households: int
    others: int
    seed: int


def register(app: typer.Typer) -> None:
    app.command("demo")(demo_command)


def demo_command(
    households: Annotated[int, typer.Option(min=50, help="建档立卡户 / registered households")] = 75_337,
    others: Annotated[int, typer.Option(min=50, help="其他农户 / other rural households")] = 150_000,
    seed: Annotated[int, typer.Option(help="随机种子 / seed")] = SEED,
    port: Annotated[int, typer.Option(help="端口 / port")] = 8000,
    serve: Annotated[bool, typer.Option(help="完成后开启网页 / open the pages when done")] = True,
) -> None:
    """演示：生成城市 → 接收部门数据 → 识别 → 网页 / generated city → deliveries → identification → pages."""
    from fupin.cli.serve import free_port, migrate_now, serve_pages

    began = time.monotonic()
    if serve:
        free_port(port)  # said now, not after minutes of work
    migrate_now()
    with step_progress() as report:
        prepare(City(households, others, seed), report)
    typer.echo(f"准备完成，用时 {time.monotonic() - began:.0f} 秒 / ready in {time.monotonic() - began:.0f} s")
    tell(port)
    if serve:
        serve_pages(port=port)


def prepare(city: City, report: Report) -> None:
    """Do what is not yet done; a second call finds everything and returns at once."""
    from fupin.accounts.api import act_from_now_on
    from fupin.identify import api as identify
    from fupin.registry import api as registry

    act_from_now_on(None, origin="fupin demo")
    _refuse_other_data()
    office = _office()
    steps: tuple[tuple[str, float, Callable[[], bool], Callable[[Report], object]], ...] = (
        ("载入行政区划", 0.03, registry.has_regions, lambda _: registry.load_shipped_regions(by=office)),
        ("签订共享协议（模拟）", 0.04, _signed, lambda _: _sign()),
        ("生成城市（模拟数据）", 0.25, lambda: _simulated(city), lambda r: _simulate(city, r)),
        ("载入登记库与部门数据", 0.7, _all_there, lambda r: _load_and_receive(office, r)),
        ("识别运行", 0.98, lambda: identify.latest_run(office) is not None, lambda r: _run(office, r)),
        ("办件（模拟）", 1.0, identify.demonstration_there, lambda _: _show_cases()),
    )
    low = 0.0
    for name, high, done, work in steps:
        report(name, low)
        if not done():
            work(_part(report, name, low, high))
        low = high
    report("完成", 1.0)


def _part(report: Report, name: str, low: float, high: float) -> Report:
    return lambda step, share: report(f"{name} · {step}" if step else name, low + (high - low) * share)


def _folder() -> Path:
    from django.conf import settings

    return Path(settings.FUPIN_DATA_DIR) / "demo" / "city"


def _password_file() -> Path:
    """Written before anything else of the demonstration: where it lies, the data are the demonstration's."""
    return _folder().parent / "password.txt"


def _refuse_other_data() -> None:
    """Invented rows and known accounts must never come among real ones."""
    from fupin.accounts.api import User
    from fupin.registry import api as registry

    if not _password_file().exists() and (User.objects.exists() or registry.has_households()):
        raise UserError(
            zh="这里已有账号或农户，不是演示数据；演示会混入模拟的部门数据，所以没有开始",
            en="accounts or households lie here that are not the demonstration's; it would mix invented rows in",
            hint_zh="请用 FUPIN_DATA_DIR 指定一个空文件夹（不设 DATABASE_URL）再运行 fupin demo",
            hint_en="name an empty folder with FUPIN_DATA_DIR (without DATABASE_URL) and run `fupin demo` again",
        )


def _office() -> User:
    """The cast of the demonstration; passwords are drawn once and kept in the data folder."""
    from fupin.accounts.cast import create_cast
    from fupin.accounts.passwords import draw_password

    path = _password_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        private_file(path, draw_password())
    cast = create_cast(password=path.read_text(encoding="utf-8"))
    return cast["office"]


def _signed() -> bool:
    from fupin.exchange.api import Agreement

    return Agreement.objects.exists()


def _sign() -> int:
    """The agreements that a real house would have with its departments."""
    from django.utils import timezone

    from fupin.exchange import api as exchange

    return exchange.sign_generated_agreements(region=CITY, today=timezone.localdate())


def _show_cases() -> int:
    """In the town and county of the cast."""
    from fupin.accounts.api import User
    from fupin.identify import api as identify

    town, county = (User.objects.get(username=name) for name in ("zhenban", "xianban"))
    return identify.show_cases(town=town, county=county)


def _stamp(city: City) -> str:
    return f"{city.households} {city.others} {city.seed} {AS_OF}"


def _simulated(city: City) -> bool:
    """True when this very city lies there. Another size asks for another data folder: nothing is thrown away."""
    from fupin.registry import api as registry

    path = _folder().parent / "city.txt"
    known = path.read_text(encoding="utf-8") if path.exists() else ""
    if known and known != _stamp(city) and registry.has_households():
        raise UserError(
            zh=f"数据文件夹里已有另一座演示城市（{known}）",
            en=f"the data folder already holds another demonstration city ({known})",
            hint_zh="请用 FUPIN_DATA_DIR 指定另一个文件夹",
            hint_en="name another folder with FUPIN_DATA_DIR",
        )
    return known == _stamp(city)


def _simulate(city: City, report: Report) -> None:
    from fupin.simulate.api import simulate

    shutil.rmtree(_folder(), ignore_errors=True)  # a half-written city of a killed run
    simulate(
        _folder(),
        households=city.households,
        others=city.others,
        seed=city.seed,
        as_of=AS_OF,
        progress=report,
    )
    (_folder().parent / "city.txt").write_text(_stamp(city), encoding="utf-8")


def _all_there() -> bool:
    from fupin.registry import api as registry

    return registry.has_households() and _all_received()


def _load_and_receive(office: User, report: Report) -> None:
    """The registry in a process of its own: it waits for the database while this one reads files."""
    from fupin.registry import api as registry

    loading = None if registry.has_households() else _begin_loading()
    try:
        _receive(office, report)
    finally:
        if loading is not None:
            report("载入登记库", 0.99)
            _finish_loading(loading)


def _begin_loading() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "fupin.cli.main", "registry", "load", str(_folder() / "registry")]
    environment = os.environ | {PARENT: str(os.getpid())}  # ends with this process, however that ends
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _finish_loading(loading: subprocess.Popen[str]) -> None:
    _, told = loading.communicate()
    if loading.returncode:
        raise UserError(
            zh=f"载入登记库失败：\n{told}",
            en="loading the registry failed, see above",
            hint_zh="改正后再运行 fupin demo，已完成的步骤不会重做",
            hint_en="mend it and run `fupin demo` again; what is done is not done again",
        )


def _all_received() -> bool:
    from fupin.cli.receive import waiting_files

    return not waiting_files(_folder() / "deliveries")


def _receive(office: User, report: Report) -> None:
    from fupin.cli.receive import receive_folder

    receive_folder(by=office, folder=_folder() / "deliveries", progress=report)


def _run(office: User, report: Report) -> None:
    from fupin.identify import api as identify

    run = identify.start_run(by=office, region=CITY, as_of=AS_OF, in_background=False)
    identify.execute_run(run, report)


def tell(port: int) -> None:
    """Where to look, with which account, at what first."""
    from fupin.accounts.cast import cast_accounts

    password = _password_file().read_text(encoding="utf-8")
    typer.echo(
        f"\n  打开 / open   http://127.0.0.1:{port}/\n  密码 / password（全部演示账号 / all accounts）：{password}\n"
    )
    for account in cast_accounts():
        typer.echo(f"    {account.username:<16}{account.role_label}  {account.region or account.department}")
    typer.echo(
        "\n  先看 / look first：地图 → 马山县 → 一个村 → 一户画像；疑点列表；部门数据的隔离行。"
        "\n  全部为模拟生成的数据，非真实人员 / all data are generated, no real person.\n"
    )
