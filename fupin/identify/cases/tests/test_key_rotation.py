"""What people attached, and what they left to reach them by, goes over to a new encryption key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from fupin.accounts.api import acting_as
from fupin.accounts.tests.fixtures import VILLAGE, Cast
from fupin.identify.cases import applications, files
from fupin.identify.cases.applications import Content
from fupin.identify.key_rotation import drop_key, keys_used, rotate_key
from fupin.kernel.errors import UserError
from fupin.kernel.live_keys import LiveKeys
from fupin.registry.tests.fixtures import HEAD_ID, PHONE, Homes

SCAN = b"%PDF-1.7 scan"


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_an_application_and_its_file_can_be_read_under_the_new_key(
    cast: Cast, transactional_db: None, live: LiveKeys, homes: Homes, settings: Any, tmp_path: Path
) -> None:
    settings.FUPIN_DATA_DIR = tmp_path  # in the worker's own lie sealed files of other tests, under keys of theirs
    old = live.now.encryption.id
    told = Content("农秀英", HEAD_ID, PHONE, "丈夫常年患病")
    applications.apply(village=VILLAGE, content=told, members=2, files=[files.attached("scan.pdf", SCAN)])
    with pytest.raises(UserError, match="不能删除"):
        drop_key(by=None, purpose="encryption", id_=old)
    done = rotate_key(by=None, purpose="encryption")
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, '') FROM accounts_trail t WHERE source = 'identify_application'")
        (trail,) = cursor.fetchone()
    assert VILLAGE in trail
    assert not [
        word for word in (told.name, HEAD_ID, PHONE, told.body) if word in trail or word.encode().hex() in trail
    ]
    connections["owner"].close()
    assert (done.rows["applications"], done.rows["case files"]) == (1, 1)
    assert set(keys_used("encryption")) == {live.now.encryption.id} != {old}
    drop_key(by=None, purpose="encryption", id_=old)
    with acting_as(cast.cadre):
        one = applications.applications_for(cast.cadre).get()
        assert applications.read_application(cast.cadre, one) == told
        assert files.content_of(files.files_of(one.files)[0]) == SCAN
    connections["owner"].close()
