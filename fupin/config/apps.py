from django.apps import AppConfig


class SettingsConfig(AppConfig):
    name = "fupin.config"
    label = "config"

    def ready(self) -> None:
        from fupin.config import checks  # noqa: F401 - importing registers them
