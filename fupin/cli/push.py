"""`fupin push`: what waits, what was given up, and sending it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fupin.cli.django_setup import django_ready
from fupin.kernel.errors import UserError

if TYPE_CHECKING:
    from fupin.exchange.api import Push

SHOWN = 50


def register(app: typer.Typer) -> None:
    push = typer.Typer(help="推送 / pushes to subscribers", no_args_is_help=True)
    push.command("list")(list_command)
    push.command("replay")(replay_command)
    app.add_typer(push, name="push")


def list_command(
    state: Annotated[str, typer.Option(help="waiting delivered given_up stopped")] = "",
) -> None:
    """列出最近的推送 / the latest pushes."""
    django_ready()
    from fupin.accounts.api import act_from_now_on
    from fupin.exchange.api import Push, PushState

    act_from_now_on(None, origin="command")
    if state and state not in PushState.values:
        raise UserError(
            f"没有状态 {state}", f"no state {state!r}", "、".join(PushState.values), ", ".join(PushState.values)
        )
    found = Push.objects.filter(**({"state": state} if state else {})).select_related("subscription__agreement")
    for one in found.defer("body")[:SHOWN]:
        typer.echo(
            f"{one.pk}  {one.state:<9} {one.subscription.agreement.number}  {one.subject}"
            f"  {one.part}/{one.parts}  {one.rows:,} 行 rows  {one.tries} 次 tries"
        )


def replay_command(
    messages: Annotated[list[str] | None, typer.Argument(help="消息编号 / ids of messages, msg_…")] = None,
    agreement: Annotated[
        int | None, typer.Option(help="这份协议下已放弃的 / those given up under an agreement")
    ] = None,
) -> None:
    """重发：编号和内容不变，签名重做 / send again: the same id and bytes, signed anew."""
    django_ready()
    from fupin.accounts.api import act_from_now_on
    from fupin.exchange import api as exchange

    act_from_now_on(None, origin="command")
    chosen = _named(messages or []) + (_given_up(agreement) if agreement is not None else [])
    if not chosen:
        raise UserError(
            "没有要重发的消息",
            "there is no message to send again",
            "写消息编号，或用 --agreement 指定协议；编号见 fupin push list",
            "name messages, or an agreement with --agreement; `fupin push list` shows them",
        )
    typer.echo(f"已排队 / queued: {exchange.replay(by=None, pushes=chosen)}")


def _named(messages: list[str]) -> list[Push]:
    from fupin.exchange.api import Push

    found = Push.objects.defer("body").in_bulk(messages)
    if unknown := [one for one in messages if one not in found]:
        raise UserError(
            f"没有消息 {'、'.join(unknown)}",
            f"no such message: {', '.join(unknown)}",
            "编号见 fupin push list",
            "`fupin push list` shows the ids",
        )
    return list(found.values())


def _given_up(agreement: int) -> list[Push]:
    from fupin.exchange.api import Push, PushState

    found = Push.objects.filter(subscription__agreement=agreement, state=PushState.GIVEN_UP)
    return list(found.defer("body"))
