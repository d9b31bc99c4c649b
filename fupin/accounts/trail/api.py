"""The door to sealing and verifying, for the command line."""

from fupin.accounts.trail.heads import NAME, newest_lines
from fupin.accounts.trail.keys import public_keys
from fupin.accounts.trail.sealer import Places, seal_for_ever, seal_now
from fupin.accounts.trail.verify import Verdict, verify

__all__ = ["NAME", "Places", "Verdict", "newest_lines", "public_keys", "seal_for_ever", "seal_now", "verify"]
