"""The entry for WSGI servers: ``fupin.config.wsgi:application``."""

import os

from django.core.wsgi import get_wsgi_application

from fupin.cli.parent import end_with_parent

end_with_parent()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fupin.config.settings")
application = get_wsgi_application()
