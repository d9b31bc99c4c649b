from django.apps import AppConfig


class UIConfig(AppConfig):
    name = "fupin.ui"
    label = "ui"
