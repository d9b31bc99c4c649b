"""Files that somebody without an account hands in with a form."""

from __future__ import annotations

from django.http import HttpRequest

from fupin.identify import api as identify
from fupin.registry.api import Attached

MOST = 5


def attached_to(request: HttpRequest) -> list[Attached]:
    """Checked and encrypted; more than so many are left out. Raises UserError."""
    return [identify.attached(one.name or "", one.read()) for one in request.FILES.getlist("files")[:MOST]]
