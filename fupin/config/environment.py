"""What the environment says, checked: every wrong value is named with a way out, and no value is needed to start."""

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from fupin.accounts.provider import Provider
from fupin.cli.postgres import ensure_server, places
from fupin.kernel.errors import UserError
from fupin.kernel.keys import SUITES, Keys
from fupin.kernel.live_keys import LiveKeys

YES, NO = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}
MARK_OF_KEYS = "keys.made"
MARKED = ("lookup", "lake")  # without the encryption key everything says so by itself
URL_SHAPE = "postgresql://user:password@host:5432/name"


def flag(name: str, default: bool = False) -> bool:
    """A yes-or-no variable."""
    value = os.environ.get(name, "1" if default else "0").strip().lower()
    if value in YES | NO:
        return value in YES
    raise UserError(
        f"环境变量 {name} 的值看不懂：{value}",
        f"the environment variable {name} cannot be understood: {value}",
        "请写 1 或 0。",
        "write 1 or 0.",
    )


def number(name: str, default: int) -> int:
    """A variable that is a whole number, zero or more."""
    value = os.environ.get(name, "").strip() or str(default)
    if value.isascii() and value.isdigit():
        return int(value)
    raise UserError(
        f"环境变量 {name} 应为不小于 0 的整数，现为：{value}",
        f"the environment variable {name} should be a whole number of 0 or more, not: {value}",
        f"例如 {name}={default}",
        f"for example {name}={default}",
    )


def words(name: str, default: str) -> list[str]:
    """A variable that is a list separated by commas."""
    given = [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]
    return given or default.split(",")


def networks(name: str) -> list[str]:
    """A variable that is a list of IP networks, separated by commas."""
    found = [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]
    for one in found:
        try:
            ip_network(one)
        except ValueError:
            raise UserError(
                f"环境变量 {name} 里的网段看不懂：{one}",
                f"the environment variable {name} holds something that is no network: {one}",
                f"例如 {name}=10.20.0.0/16,192.168.5.0/24",
                f"for example {name}=10.20.0.0/16,192.168.5.0/24",
            ) from None
    return found


def databases() -> dict[str, dict[str, Any]]:
    """``default`` signs in as the app, ``owner`` as the owner of the tables (for migrations only).

    ``DATABASE_URL`` names a real server; without it the embedded one is started. ``FUPIN_NO_DATABASE=1`` starts
    nothing, for commands that only read the code.
    """
    if flag("FUPIN_NO_DATABASE"):
        return {alias: {"ENGINE": "django.db.backends.dummy"} for alias in ("default", "owner")}
    if url := os.environ.get("DATABASE_URL", "").strip():
        app, owner = ("DATABASE_URL", url), ("DATABASE_OWNER_URL", os.environ.get("DATABASE_OWNER_URL", "") or url)
    else:
        server = ensure_server()
        app, owner = ("", server.app_url), ("", server.owner_url)
    default = database(*app) | {"ATOMIC_REQUESTS": True}  # one transaction, one opened scope
    if size := number("FUPIN_DB_POOL", 0):
        default["OPTIONS"]["pool"] = {"min_size": 1, "max_size": size, "timeout": 30}
        default["CONN_MAX_AGE"] = 0
    return {"default": default, "owner": database(*owner)}


def database(variable: str, url: str) -> dict[str, Any]:
    """One entry of Django's DATABASES from a URL. Raises ``UserError``, never with the URL: it has a password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise bad_url(variable, "端口或主机无效", "the port or host is not valid") from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise bad_url(variable, "不是 PostgreSQL 的地址", "it is not the address of a PostgreSQL server")
    if not parts.path.strip("/") or "/" in parts.path.strip("/"):
        raise bad_url(variable, "缺少库名", "the name of the database is missing")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "fupin.accounts.database",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(port or options.pop("port", "")),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def bad_url(variable: str, zh: str, en: str) -> UserError:
    """The error for a wrong database address."""
    return UserError(
        f"环境变量 {variable} 有误：{zh}。",
        f"the environment variable {variable} is wrong: {en}.",
        f"请写成 {URL_SHAPE}；密码中的特殊字符用 %xx 表示。不设此变量则使用内嵌数据库。",
        f"write {URL_SHAPE}, special characters of the password as %xx; leave it unset for the embedded database.",
    )


def live_keys(data: Path) -> LiveKeys:
    """The data keys as a running process sees them: its file is read again when a rotation wrote it anew."""
    if flag("FUPIN_NO_DATABASE"):
        return LiveKeys(None, Keys.generate)
    return LiveKeys(keys_file(data), lambda: keys(data), lambda found: mark_keys(found, data / MARK_OF_KEYS))


def cipher() -> str:
    """What new keys work with; those there are keep theirs until they are rotated."""
    value = os.environ.get("FUPIN_CIPHER", "").strip() or "aes"
    if value in SUITES:
        return value
    raise UserError(
        f"环境变量 FUPIN_CIPHER 的值看不懂：{value}",
        f"the environment variable FUPIN_CIPHER cannot be understood: {value}",
        "请写 aes 或 sm4（国密）。",
        "write aes or sm4.",
    )


def keys(data: Path) -> Keys:
    """The data keys: from ``FUPIN_KEYS_FILE``, else made once in the data folder."""
    if flag("FUPIN_NO_DATABASE"):
        return Keys.generate()
    path = keys_file(data)
    if not path.exists() and not os.environ.get("FUPIN_KEYS_FILE"):
        refuse_new_keys(path)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        Keys.generate(cipher()).save(fresh)
        put_once(fresh, path)
    found = Keys.load(path)
    refuse_other_keys(found, data / MARK_OF_KEYS)
    return found


def refuse_new_keys(path: Path) -> None:
    """New keys beside old data would make every ID number unreadable without anybody noticing."""
    if path.with_name(MARK_OF_KEYS).exists():
        raise UserError(
            f"密钥文件 {path.name} 不见了：用它加密的证件号没有它就读不出来。",
            f"the key file {path.name} is gone: the ID numbers it encrypted cannot be read without it.",
            f"请从备份恢复到 {path.parent}，或用 FUPIN_KEYS_FILE 指明位置；确要重新开始，请换一个空的数据文件夹。",
            f"restore it to {path.parent} or name it with FUPIN_KEYS_FILE; to begin anew, take an empty data folder.",
        )


def refuse_other_keys(found: Keys, mark: Path) -> None:
    """The data folder remembers which keys made its hashes: under others nothing would be found, without any error.

    A rotation writes the key file first and the mark afterwards: a mark of a retired key is one of ours, too.
    """
    if not mark.exists() or not mark.read_text(encoding="utf-8").strip():
        mark_keys(found, mark)
        return
    held = json.loads(mark.read_text(encoding="utf-8"))
    ours = {name: {key.fingerprint for key in (getattr(found, name), *found.former(name))} for name in MARKED}
    if any(held.get(name) not in ours[name] for name in MARKED):
        raise UserError(
            "密钥文件不是这套数据的：用它查不到人，也对不上以前的部门数据。",
            "the key file is not this data folder's: it would find no person and match no earlier delivery.",
            f"请恢复原来的密钥文件，或用 FUPIN_DATA_DIR 指明它所属的数据文件夹（核对文件：{mark}）。",
            f"restore the right key file, or name its data folder with FUPIN_DATA_DIR (compared with {mark}).",
        )


def mark_keys(found: Keys, mark: Path) -> None:
    """Remember the present keys of this data folder, by fingerprints that tell nothing of them."""
    places.private_file(mark, json.dumps({name: getattr(found, name).fingerprint for name in MARKED}))


def keys_file(data: Path) -> Path:
    return Path(os.environ.get("FUPIN_KEYS_FILE") or data / "keys.json")


def trail_key_file(data: Path) -> Path:
    """The key that signs the trail (made by the sealer, never by the pages)."""
    return Path(os.environ.get("FUPIN_TRAIL_KEY_FILE") or data / "trail-key.json").absolute()


def secret_key(data: Path) -> str:
    """Django's key for sessions and tokens: ``FUPIN_SECRET_KEY``, else made once in the data folder."""
    if given := os.environ.get("FUPIN_SECRET_KEY", ""):
        if len(given) >= 32:
            return given
        raise UserError(
            "环境变量 FUPIN_SECRET_KEY 太短。",
            "the environment variable FUPIN_SECRET_KEY is too short.",
            "至少 32 个字符；不设此变量则自动生成。",
            "at least 32 characters; leave it unset and one is made.",
        )
    if flag("FUPIN_NO_DATABASE"):
        return secrets.token_urlsafe(48)
    path = data / "secret-key"
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        places.private_file(fresh, secrets.token_urlsafe(48))
        put_once(fresh, path)
    return path.read_text(encoding="utf-8").strip()


def put_once(fresh: Path, path: Path) -> None:
    """Move a complete file to its name unless another process was quicker: one secret, whoever made it."""
    places.belong_to_folder(fresh)
    with suppress(FileExistsError):
        os.link(fresh, path)
    fresh.unlink()


def upload_folder(data: Path) -> str | None:
    """A closed folder of ours for files on their way in, made on first use; None for commands that take no files."""
    if flag("FUPIN_NO_DATABASE"):
        return None
    path = data / "uploads"
    if not path.exists():
        path.mkdir(mode=0o700, exist_ok=True)
        places.belong_to_folder(path)
    return str(path)


def trusted_origins(hosts: list[str], https: bool) -> list[str]:
    """Origins that forms may come from when TLS ends at a proxy."""
    return [f"https://{host.lstrip('.') if host != '*' else '*'}" for host in hosts] if https else []


def engine() -> str:
    """The engine of runs that name none."""
    value = os.environ.get("FUPIN_ENGINE", "").strip() or "polars"
    if value in ("polars", "spark"):
        return value
    raise UserError(
        f"环境变量 FUPIN_ENGINE 的值看不懂：{value}",
        f"the environment variable FUPIN_ENGINE cannot be understood: {value}",
        "请写 polars 或 spark。",
        "write polars or spark.",
    )


def government() -> Provider | None:
    """The identity provider of the government; None when no issuer is named."""
    issuer, client = (os.environ.get(name, "").strip() for name in ("FUPIN_OIDC_ISSUER", "FUPIN_OIDC_CLIENT_ID"))
    if not issuer:
        return None
    if not client:
        raise UserError(
            "设了 FUPIN_OIDC_ISSUER，没有设 FUPIN_OIDC_CLIENT_ID。",
            "FUPIN_OIDC_ISSUER is set, FUPIN_OIDC_CLIENT_ID is not.",
            "请填写统一身份认证为本平台登记的 client_id。",
            "write the client id under which the provider knows this platform.",
        )
    return Provider(issuer, client, folder("FUPIN_OIDC_SECRET_FILE"), os.environ.get("FUPIN_OIDC_CLAIM", "").strip())


def second_factor() -> str:
    """When a second factor is asked for: ``always``, ``numbers``, or "" for what the data say."""
    value = os.environ.get("FUPIN_SECOND_FACTOR", "").strip()
    if value in ("", "always", "numbers"):
        return value
    raise UserError(
        f"环境变量 FUPIN_SECOND_FACTOR 的值看不懂：{value}",
        f"the environment variable FUPIN_SECOND_FACTOR cannot be understood: {value}",
        "请写 always（一律要求）或 numbers（看完整证件号时要求），或不设。",
        "write always, or numbers (only where a number is shown in clear), or leave it unset.",
    )


def folder(name: str) -> Path | None:
    """A variable that names a folder; None when it is not set."""
    value = os.environ.get(name, "").strip()
    return Path(value).absolute() if value else None


ENVIRONMENT: Mapping[str, str] = {
    "DATABASE_URL": "a real PostgreSQL for the app's login; unset: the embedded one",
    "DATABASE_OWNER_URL": "the owner's login on that server, for migrations; unset: the same as DATABASE_URL",
    "FUPIN_DATA_DIR": "the data folder; unset: ./var",
    "FUPIN_KEYS_FILE": "the file of the three data keys; unset: keys.json in the data folder, made once",
    "FUPIN_TRAIL_KEY_FILE": "the key that signs the trail; unset: trail-key.json in the data folder, made once",
    "FUPIN_HEADS_DIR": "a folder, better elsewhere, for the heads of the trail; unset: trail in the data folder",
    "FUPIN_CIPHER": "what new keys work with: aes (AES-GCM, HMAC-SHA256) or sm4 (SM4-GCM, HMAC-SM3); unset: aes",
    "FUPIN_SECRET_KEY": "Django's secret key; unset: made once in the data folder",
    "FUPIN_HOSTS": "names under which browsers reach the server, separated by commas; unset: this machine only",
    "FUPIN_SECOND_FACTOR": "always: who may see full numbers goes nowhere without a second factor; numbers: it is "
    "asked for only there; unset: always, numbers with generated data",
    "FUPIN_OIDC_ISSUER": "the government's identity provider (OpenID Connect), its issuer address; unset: none",
    "FUPIN_OIDC_CLIENT_ID": "the client id under which it knows this platform",
    "FUPIN_OIDC_SECRET_FILE": "the file of the client secret; unset: a public client with PKCE alone",
    "FUPIN_OIDC_CLAIM": "the claim that equals the username here; unset: accounts are linked by their owners only",
    "FUPIN_AGREEMENTS_REQUIRED": "1: what no sharing agreement covers is refused; unset: taken and marked so",
    "FUPIN_PUSH_NETWORKS": "private networks into which messages may be pushed, as 10.20.0.0/16; unset: none",
    "FUPIN_PUSH_HTTP": "1: receivers may be plain http; unset: https only",
    "FUPIN_SESSION_HOURS": "after so many hours one signs in again, however busy; unset: 12",
    "FUPIN_SESSIONS": "sessions of one account at the same time, the oldest end; unset: 5",
    "FUPIN_HTTPS": "1 when a proxy speaks TLS to the browsers: cookies then travel over https only",
    "FUPIN_PROXIES": "addresses or networks of the proxies in front, as 10.0.0.5,10.1.0.0/24: what they say of the "
    "browser's address is believed, nobody else; unset: the address of whoever connects",
    "FUPIN_DEBUG": "1 for Django's debug pages, never where others can reach the server",
    "FUPIN_DB_POOL": "connections in the pool of a web process; unset: one a thread under `fupin serve`, else none",
    "FUPIN_ENGINE": "what computes runs that do not name an engine: polars on this machine, or spark; unset: polars",
    "FUPIN_SPARK_MASTER": "Spark's master, such as spark://host:7077; unset: local[*], all cores of this machine",
    "FUPIN_SPARK_MEMORY": "memory of Spark's Java here and of each executor, such as 4g; unset: 2g",
    "FUPIN_SPARK_STORAGE": "a folder that all machines of the cluster see under this path; unset: the run's own folder",
    "FUPIN_NO_DATABASE": "1 for commands that only read the code: starts and makes nothing",
    "FUPIN_PG_IDLE_SECONDS": "how long the embedded server outlives its last client; unset: 10",
    "FUPIN_PG_FAST": "1 for the tests' throw-away embedded server only: no fsync",
    "FUPIN_PARENT": "set by `fupin serve` for its children: the process whose end they share",
    "FUPIN_CHROMIUM": "the Chromium of the page tests; unset: the one without windows, or /usr/bin/chromium",
}
