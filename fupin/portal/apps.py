from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "fupin.portal"
    label = "portal"
