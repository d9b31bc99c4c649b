from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "fupin.console"
    label = "console"
