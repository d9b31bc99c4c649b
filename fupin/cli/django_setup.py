"""Django, set up once in the commands that need it; the others start without it."""

import os


def django_ready() -> None:
    """Load the settings and the apps; starts the embedded database unless DATABASE_URL names another."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fupin.config.settings")
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()
