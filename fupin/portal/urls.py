"""Addresses that everybody may open."""

from django.urls import path

from fupin.portal import views

app_name = "portal"
urlpatterns = [
    path("", views.find, name="find"),
    path("objections/", views.receipt, name="receipt"),
    path("<str:code>/", views.notice, name="notice"),
    path("<str:code>/object/", views.object_to, name="object"),
]
