"""Addresses of the API, under /api/."""

from django.urls import path

from fupin.gateway.api import api

app_name = "gateway"
urlpatterns = [path("", api.urls)]
