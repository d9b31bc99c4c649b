from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "fupin.gateway"
    label = "gateway"
