"""An attached file as it is given out: of one of three types told by its first bytes, unable to run anything."""

from __future__ import annotations

from django.http import HttpResponse

from fupin.identify import api as identify
from fupin.identify.api import CaseFile


def sent(file: CaseFile) -> HttpResponse:
    """The caller has proved the right and written the opening down."""
    answer = HttpResponse(identify.content_of(file), content_type=file.media)
    ending = file.media.rpartition("/")[2]  # of our own list: its first bytes said so when it was taken
    answer["Content-Disposition"] = f'attachment; filename="{file.mark}.{ending}"'
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
