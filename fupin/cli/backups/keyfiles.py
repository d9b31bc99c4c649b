"""The files that open what a backup holds. They are kept at another place than the backup, never beside it.

Whoever finds a backup without them finds ciphertext; whoever finds them alone finds nothing to open.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fupin.cli.postgres.places import belong_to_folder
from fupin.kernel.errors import UserError
from fupin.kernel.keys import Key, Keys

KEYS = "keys.json"
#: name in the data folder; the data keys may lie elsewhere (FUPIN_KEYS_FILE). The last one is no secret: the halves of
#: the trail's keys that prove its seals
NAMES = (KEYS, "trail-key.json", "secret-key", "trail-key.json.pub")


def place_of_keys(data: Path) -> Path:
    """Where this installation's data keys lie, or will lie."""
    return Path(os.environ.get("FUPIN_KEYS_FILE") or data / KEYS).absolute()


def key_files(data: Path) -> dict[str, Path]:
    """Name → file, of those that there are."""
    places = {name: data / name for name in NAMES} | {KEYS: place_of_keys(data)}
    return {name: path for name, path in places.items() if path.is_file()}


def fingerprints(files: Mapping[str, Path]) -> dict[str, str]:
    """Key → four bytes that tell it from another one and say nothing of it. Raises UserError for a damaged file."""
    found: dict[str, str] = {}
    for name, path in files.items():
        if name == KEYS:
            Keys.load(path)  # damage is said in its words
            found |= {f"data {key.id}": key.fingerprint for key in _keys_in(json.loads(path.read_text()))}
        else:
            found[name] = hmac.digest(path.read_bytes(), b"fupin key file", "sha256")[:4].hex()
    return found


def _keys_in(said: Any) -> Iterator[Key]:
    """Every {"id", "key"} anywhere in a key file: a later layout may hold more of them."""
    if isinstance(said, dict) and isinstance(said.get("id"), str) and isinstance(said.get("key"), str):
        yield Key(said["id"], base64.b64decode(said["key"]))
    elif isinstance(said, dict | list):
        for one in said.values() if isinstance(said, dict) else said:
            yield from _keys_in(one)


def refuse_together(backup: Path, keys: Path) -> None:
    """Keys in the backup's own folder would open it for whoever gets hold of it."""
    one, two = (Path(os.path.realpath(path)) for path in (backup, keys))
    if one == two or one.is_relative_to(two) or two.is_relative_to(one):
        raise UserError(
            f"密钥不能和备份放在一起：{keys}",
            f"the keys must not lie with the backup: {keys}",
            "请用 --keys 指明另一处（最好是另一个介质），或用 --without-keys 由密钥保管人另行保存",
            "name another place with --keys (best another medium), or leave them to their keeper with --without-keys",
        )


def put_keys(files: Mapping[str, Path], place: Path) -> str:
    """Copy them into a folder of ``place`` named after them; keys that lie there already are not written again."""
    mark = hmac.digest(b"fupin", json.dumps(fingerprints(files), sort_keys=True).encode(), "sha256")[:4].hex()
    folder = place / f"keys-{mark}"
    if not folder.exists():
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = place / f".{folder.name}.{os.getpid()}"
        fresh.mkdir(mode=0o700)
        for name, path in files.items():
            copy_secret(path, fresh / name)
        fresh.rename(folder)
    return folder.name


def copy_secret(path: Path, target: Path) -> None:
    """A copy that only its owner reads, on disk before we go on. Raises FileExistsError: keys are never overwritten."""
    with path.open("rb") as source, open_secret(target) as out:
        shutil.copyfileobj(source, out)
        out.flush()
        os.fsync(out.fileno())
    belong_to_folder(target)


def open_secret(target: Path) -> Any:
    return os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def found_keys(place: Path, key_folder: str) -> dict[str, Path]:
    """The key files in ``place`` or in the folder there that the backup names. Raises UserError when there are none."""
    for folder in (place / key_folder, place) if key_folder else (place,):
        files = {name: folder / name for name in NAMES if (folder / name).is_file()}
        if KEYS in files:
            return files
    raise UserError(
        f"{place} 里没有密钥文件 {KEYS}",
        f"there is no key file {KEYS} in {place}",
        f"请指明存放密钥的文件夹{f'（备份时叫 {key_folder}）' if key_folder else ''}，或用 --without-keys 只恢复数据",
        "name the folder of the keys" + (f" ({key_folder} when the backup was taken)" if key_folder else "")
        + ", or restore the data alone with --without-keys",
    )  # fmt: skip


def demand_fitting(wanted: Mapping[str, str], files: Mapping[str, Path]) -> None:
    """The keys open the backup: each data key that it was taken with is among them. Raises UserError."""
    have = fingerprints(files)
    wrong = sorted(key for key in wanted if key.startswith("data ") and have.get(key) != wanted[key])
    if wrong:
        names = ", ".join(key.removeprefix("data ") for key in wrong)
        raise UserError(
            f"密钥不是这份备份的：{names} 不同或没有",
            f"the keys are not this backup's: {names} differ or are missing",
            "什么也没有写；请找到做备份时的密钥，用它们才能读出证件号",
            "nothing was written; find the keys of the backup's time, without them its ID numbers cannot be read",
        )
