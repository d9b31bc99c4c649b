"""The addresses: each face has its own prefix."""

from django.urls import include, path

urlpatterns = [
    path("map/", include("fupin.command.urls")),
    path("api/", include("fupin.gateway.urls")),
    path("notices/", include("fupin.portal.urls")),
    path("apply/", include("fupin.portal.apply_urls")),
    path("", include("fupin.console.urls")),
]
