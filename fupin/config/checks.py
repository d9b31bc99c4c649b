"""Checks of the installation that `fupin manage check` and every start of the server run; each says how to mend it."""

import os
import stat
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution

LOCAL = {"localhost", "127.0.0.1", "[::1]", "testserver"}


@register
def check_data_folder(**_: Any) -> list[CheckMessage]:
    """The data folder is writable and closed to other accounts."""
    data = Path(settings.FUPIN_DATA_DIR)
    if not data.exists():
        return []
    if not os.access(data, os.W_OK | os.X_OK):
        hint = "请改用可写的目录 / choose a writable folder: FUPIN_DATA_DIR"
        return [Error(f"数据目录不能写 / the data folder cannot be written: {data}", hint=hint, id="fupin.E001")]
    if data.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        message = f"数据目录对其他账户开放 / other accounts can look into the data folder: {data}"
        return [Caution(message, hint=f"chmod o-rwx {data}", id="fupin.W001")]
    return []


@register
def check_keys_file(**_: Any) -> list[CheckMessage]:
    """Only its owner reads the key file."""
    path = Path(settings.FUPIN_KEYS_FILE)
    if not path.exists() or not path.stat().st_mode & 0o077:
        return []
    message = f"其他账户能读密钥文件 / other accounts can read the key file: {path}"
    return [Error(message, hint=f"chmod 600 {path}", id="fupin.E002")]


@register
def check_exposure(**_: Any) -> list[CheckMessage]:
    """Where others reach the server there are no debug pages, and TLS in front."""
    found: list[CheckMessage] = []
    if set(settings.ALLOWED_HOSTS) <= LOCAL:
        return found
    if settings.DEBUG:
        hint = "去掉 FUPIN_DEBUG / unset FUPIN_DEBUG"
        found.append(Error("对外服务时不得开启调试页 / debug pages on a reachable server", hint=hint, id="fupin.E003"))
    if not settings.FUPIN_HTTPS:
        hint = "在前面放 TLS 代理并设 FUPIN_HTTPS=1 / put a TLS proxy in front and set FUPIN_HTTPS=1"
        found.append(Caution("密码以明文传输 / passwords travel in clear", hint=hint, id="fupin.W002"))
    return found


@register
def check_proxies(**_: Any) -> list[CheckMessage]:
    """Behind a proxy that is not named, everybody comes from the proxy's address."""
    if not settings.FUPIN_HTTPS or settings.FUPIN_PROXIES:
        return []
    message = "留痕和登录限制只看到代理的地址 / the trail and the brakes on guessing see the proxy's address only"
    hint = "设 FUPIN_PROXIES 为代理的地址，如 10.0.0.5 / set FUPIN_PROXIES to the proxy's address, as 10.0.0.5"
    return [Caution(message, hint=hint, id="fupin.W003")]
