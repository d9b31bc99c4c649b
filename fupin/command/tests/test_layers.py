"""Class limits of the map."""

from fupin.command.layers import CLASSES, limits


def test_limits_rise_and_part_into_at_most_six_classes() -> None:
    found = limits([float(value) for value in range(100)], 1)
    assert found == sorted(set(found))
    assert len(found) == CLASSES - 1


def test_regions_without_any_form_a_class_of_their_own() -> None:
    assert limits([0.0] * 90 + [4.0, 5.0, 6.0], 1)[0] == 4.0


def test_equal_values_need_no_limits() -> None:
    assert limits([3.0, 3.0], 1) == []
    assert limits([], 1) == []
