"""Many accounts in one go."""

from __future__ import annotations

from fupin.accounts import api as accounts
from fupin.accounts.hashers import DrawnPassword
from fupin.accounts.models import Deed, User
from fupin.accounts.tests.fixtures import COUNTY, OTHER_COUNTY, VILLAGE, Cast


def row(username: str, **changes: str) -> dict[str, str]:
    return {"username": username, "display_name": "新来人", "role": "驻村干部", "region": VILLAGE, **changes}


def test_good_rows_are_opened_and_faulty_ones_say_why(cast: Cast) -> None:
    rows = [
        row("cun101"),
        row("新人"),
        row("cun102", role="国王"),
        row("cun103", region=OTHER_COUNTY + "100201"),
        row("CUN101"),
        row("cun104", ends_on="2027-13-01"),
        row("cun105", role="office", region=COUNTY, ends_on="2027-12-31"),
        row("cun106", role="audit_administrator", region=""),
    ]
    outcomes = accounts.open_many(by=cast.county_office, rows=enumerate(rows, 2))
    assert [one.number for one in outcomes] == list(range(2, 10))
    assert [one.username for one in outcomes if one.error is None] == ["cun101", "cun105"]
    assert all(bool(one.password) == (one.error is None) for one in outcomes)
    assert str(User.objects.get(username="cun105").ends_on) == "2027-12-31"
    assert Deed.objects.filter(verb="create_user", by=cast.county_office).count() == 2


def test_the_one_time_password_signs_in_once_and_is_hashed_slowly_then(cast: Cast) -> None:
    (one,) = accounts.open_many(by=cast.office, rows=[(2, row("cun201"))])
    before = User.objects.get(username="cun201")
    assert before.must_change_password
    assert one.password not in before.password
    assert accounts.sign_in(None, "cun201", one.password) == before
    assert not User.objects.get(username="cun201").password.startswith(DrawnPassword.algorithm)
    assert accounts.sign_in(None, "cun201", one.password[:-1]) is None


def test_two_drawn_passwords_are_kept_under_different_salts(cast: Cast) -> None:
    accounts.open_many(by=cast.office, rows=[(2, row("cun301")), (3, row("cun302"))])
    salts = {one.password.split("$")[1] for one in User.objects.filter(username__startswith="cun30")}
    assert len(salts) == 2
