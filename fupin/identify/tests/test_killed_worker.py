"""A worker killed with SIGKILL in the middle of a run: the next worker ends the run, with the same results."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from django.conf import settings

from fupin.exchange.tests.real_worker import a_minute_passes, work_off
from fupin.identify import api as identify
from fupin.identify.models import Run, RunState
from fupin.identify.tests.small_city import AS_OF, City


def test_the_run_of_a_killed_worker_is_taken_up_again(city: City, django_db_blocker: Any) -> None:
    data = Path(settings.FUPIN_DATA_DIR)
    with django_db_blocker.unblock():
        run = identify.start_run(by=city.cast["office"], region="4501", as_of=AS_OF)
        killed = work_off(data, kill_at="fupin.identify.services.load_results")
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert Run.objects.get(pk=run.pk).state == RunState.RUNNING
        a_minute_passes()
        assert work_off(data).returncode == 0
        done = Run.objects.get(pk=run.pk)
        assert done.state == RunState.FINISHED
        assert identify.differing_digests(city.run, done) == []
