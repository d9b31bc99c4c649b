"""Addresses by which a resident applies."""

from django.urls import path

from fupin.portal import applying

app_name = "apply"
urlpatterns = [
    path("", applying.begin, name="begin"),
    path("receipt/", applying.receipt, name="receipt"),
    path("<str:village>/", applying.form, name="form"),
]
