"""Addresses of the command map."""

from django.urls import path

from fupin.command import views

app_name = "command"
urlpatterns = [
    path("", views.region_map, name="map"),
]
