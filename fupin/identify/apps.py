from django.apps import AppConfig


class IdentifyConfig(AppConfig):
    name = "fupin.identify"
    label = "identify"
