"""Addresses of the command map."""

from django.urls import path

from fupin.command import views

app_name = "command"
urlpatterns = [
    path("", views.region_map, name="map"),
    path("picture", views.region_picture, name="picture"),
    path("cells/<str:code>/<int:level>", views.cells, name="cells"),
    path("reference/<str:code>/<int:level>", views.reference, name="reference"),
    path("homes", views.households, name="homes"),
    path("tree", views.tree, name="tree"),
    path("nation", views.region_picture, name="nation"),
]
