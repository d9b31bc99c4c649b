"""Addresses of the API, under /api/."""

from django.urls import path

from fupin.gateway.api import api

urlpatterns = [path("", api.urls)]
