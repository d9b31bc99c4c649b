"""Number → 16 bytes, in memory: a hash table on arrays, looked up and filled for many numbers at once.

Open addressing: a number stands in its own place or in one of the next ones. The table grows while it fills; at its
greatest size whoever finds no free place takes over the last one looked at, so that memory stays bounded.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np

Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]
Places = np.ndarray[tuple[int], np.dtype[np.int64]]
Told = np.ndarray[tuple[int], np.dtype[np.void]]
TOLD = np.dtype("V16")
FIRST_PLACES = 1 << 17
LOOKED_AT = 32  # places from a number's own on
_FULL = 0.6  # beyond this share of taken places the ways to a free one grow long
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ / golden ratio: neighbouring numbers land far apart


class Remembered:
    """Numbers are greater than 0. Safe for several threads: what is found is never half of another's entry."""

    def __init__(self, most: int) -> None:
        """``most`` places at most, a power of two; 24 bytes each."""
        self._most = most
        self._lock = Lock()
        self._clear(min(most, FIRST_PLACES))

    def find(self, numbers: Numbers) -> tuple[Told, Places]:
        """(what is known of each number, where in ``numbers`` nothing is known)."""
        told = np.empty(len(numbers), dtype=TOLD)
        missing = []
        with self._lock:
            place, left = self._home(numbers), np.arange(len(numbers))
            for _ in range(LOOKED_AT):
                held = self._numbers[place]
                known, free = held == numbers[left], held == 0
                told[left[known]] = self._told[place[known]]
                missing.append(left[free])
                on = ~(known | free)
                left, place = left[on], self._next(place[on])
                if not left.size:
                    break
        return told, np.concatenate([*missing, left])

    def expect(self, number: int) -> None:
        """Make room for so many more at once: to grow step by step takes longer."""
        with self._lock:
            self._make_room(number)

    def keep(self, numbers: Numbers, told: Told) -> None:
        """Remember distinct numbers."""
        with self._lock:
            self._make_room(len(numbers))
            self._put(numbers, told)

    def _make_room(self, number: int) -> None:
        places = len(self._numbers)
        while self._taken + number > _FULL * places and places < self._most:
            places *= 2
        if places > len(self._numbers):
            self._grow(places)

    def _put(self, numbers: Numbers, told: Told) -> None:
        place, left = self._home(numbers), np.arange(len(numbers))
        for step in range(1, LOOKED_AT + 1):
            held, last = self._numbers[place], step == LOOKED_AT
            here = (held == 0) | (held == numbers[left]) | last
            self._numbers[place[here]] = numbers[left[here]]  # of several that want one place the last gets it
            won = self._numbers[place] == numbers[left]
            self._told[place[won]] = told[left[won]]
            self._taken += int((won & (held == 0)).sum())
            left, place = left[~won], self._next(place[~won])
            if not left.size:
                break

    def _grow(self, places: int) -> None:
        numbers, told = self._numbers, self._told
        self._clear(places)
        taken = np.flatnonzero(numbers)
        self._put(numbers[taken], told[taken])

    def _clear(self, places: int) -> None:
        self._numbers = np.zeros(places, dtype=np.int64)
        self._told = np.zeros(places, dtype=TOLD)
        self._taken = 0

    def _home(self, numbers: Numbers) -> Places:
        spread = numbers.astype(np.uint64) * _SPREAD >> np.uint64(32)
        home: Places = (spread & np.uint64(len(self._numbers) - 1)).astype(np.int64)
        return home

    def _next(self, place: Places) -> Places:
        following: Any = (place + 1) & (len(self._numbers) - 1)
        return following  # type: ignore[no-any-return]
