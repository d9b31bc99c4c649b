"""Measures of poverty and inequality of every region of a run, with the line they were taken against."""

from __future__ import annotations

from typing import Any

from django.db import models


class RegionMeasure(models.Model):
    """For the same regions as ``RegionResult``. Shares 0–1, money in 分; null = not defined for this region.

    ``fgt0`` … ``m0`` stand in columns so that regions can be sorted by them; ``values`` has them all with standard
    errors (``…_se``), intervals (``…_low``, ``…_high``) and bounds for what is unknown (``…_least``, ``…_most``).
    """

    pk = models.CompositePrimaryKey("run_id", "region")
    # no index of its own: the primary key begins with it
    run = models.ForeignKey("identify.Run", on_delete=models.CASCADE, db_index=False, related_name="measures")
    region = models.CharField(max_length=15, db_collation="C")
    level = models.PositiveSmallIntegerField()
    line = models.BigIntegerField()  # 分 per person and year
    line_id = models.CharField(max_length=60)  # parameter of the catalogue
    spec_id = models.CharField(max_length=60)  # specification of the many dimensions
    small = models.BooleanField()
    households = models.IntegerField()
    persons = models.IntegerField()
    unknown_households = models.IntegerField()
    unknown_persons = models.IntegerField()
    poor_households = models.IntegerField()
    poor_persons = models.IntegerField()
    undecided_persons = models.IntegerField()
    fgt0 = models.FloatField(null=True)
    fgt1 = models.FloatField(null=True)
    fgt2 = models.FloatField(null=True)
    watts = models.FloatField(null=True)
    gini = models.FloatField(null=True)
    mld = models.FloatField(null=True)
    mean = models.FloatField(null=True)
    h = models.FloatField(null=True)
    a = models.FloatField(null=True)
    m0 = models.FloatField(null=True)
    values: Any = models.JSONField(default=dict)
    lorenz: Any = models.JSONField(default=list)
    mpi: Any = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["run", "level", "region"], name="region_measure_level")]
        constraints = [models.CheckConstraint(name="measure_line_positive", condition=models.Q(line__gt=0))]
