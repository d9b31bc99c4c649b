"""What a user may see of the measures of regions. Every query takes the user first."""

from __future__ import annotations

from django.db.models import QuerySet

from fupin.accounts.api import User
from fupin.identify.measure_models import RegionMeasure
from fupin.identify.models import Run
from fupin.identify.queries import in_scope
from fupin.kernel.errors import NotFound


def region_measure(user: User, run: Run, code: str) -> RegionMeasure | None:
    """The measures of one region; None when the run keeps none. NotFound for a region wider than the scope."""
    if not user.scope.covers(code):
        raise NotFound(code)
    return RegionMeasure.objects.filter(run=run, region=code).first()


def measures_below(user: User, run: Run, parent_code: str) -> QuerySet[RegionMeasure]:
    """All regions below ``parent_code`` that the user may see."""
    below = RegionMeasure.objects.filter(run=run, region__gte=parent_code, region__lt=parent_code + ":")
    return below.filter(in_scope(user.scope, "region")).exclude(region=parent_code)


def region_measures(user: User, run: Run, parent_code: str, level: int | None = None) -> list[RegionMeasure]:
    """The regions below ``parent_code`` that the user may see, by code: those of a level, else the nearest ones."""
    below = measures_below(user, run, parent_code)
    wanted = level or below.order_by("level").values_list("level", flat=True).first()
    return list(below.filter(level=wanted).order_by("region")) if wanted else []
