"""City codes against the scheme's published vectors, and its promises by property."""

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from city.codes import (
    ALPHABET,
    SERIALS_PER_BLOCK,
    Kind,
    block_name,
    check_character,
    entity_code,
    from_keypad,
    normalise,
    parse_code,
    scramble,
    unscramble,
)
from city.errors import BadCode, InvalidValue

# kind, block, index, code, printed, keypad twin, payload integer
VECTORS = [
    ("C", "000", 0, "C00000009", "C00-000-009", "33015136933226", 330151369332),
    ("C", "000", 1, "C000K4WTG", "C00-0K4-WTG", "33015194009966", 330151940099),
    ("C", "000", 2, "C00079TMJ", "C00-079-TMJ", "33015158734558", 330151587345),
    ("C", "7K3", 0, "C7K300004", "C7K-300-004", "33691061953104", 336910619531),
    ("C", "7K3", 1, "C7K3K4WTB", "C7K-3K4-WTB", "33691119029844", 336911190298),
    ("C", "7K3", 923520, "C7K3BT25M", "C7K-3BT-25M", "33691097228512", 336910972285),
    ("B", "0A1", 12345, "B0A1KB9UF", "B0A-1KB-9UF", "30292654715875", 302926547158),
    ("D", "1Q2", 777, "D1Q26HRM8", "D1Q-26H-RM8", "35924062966977", 359240629669),
    ("G", "00F", 42, "G00FXM27R", "G00-FXM-27R", "44021656278038", 440216562780),
    ("J", "0C4", 5, "J0C42QL6B", "J0C-42Q-L6B", "49557438116652", 495574381166),
    ("L", "0C4", 6, "L0C4MXJ14", "L0C-4MX-J14", "55060018015580", 550600180155),
    ("A", "00A", 100, "A00AQW0UF", "A00-AQW-0UF", "27513611823938", 275136118239),
    ("M", "00M", 9, "M00MHDBH9", "M00-MHD-BH9", "57778480957033", 577784809570),
    ("R", "00R", 3, "R00RTEQG9", "R00-RTE-QG9", "68783922958056", 687839229580),
    ("X", "000", 0, "X0000000A", "X00-000-00A", "79786580921921", 797865809219),
]
ENTITY_KINDS = [kind for kind in Kind if kind.is_entity]

entity_codes = st.builds(
    entity_code,
    st.sampled_from(ENTITY_KINDS),
    st.integers(0, 31**3 - 1).map(block_name),
    st.integers(0, SERIALS_PER_BLOCK - 1),
)


@pytest.mark.parametrize(
    ("kind", "block", "index", "text", "printed", "keypad", "integer"), VECTORS
)
def test_every_published_vector_holds_in_both_directions(
    kind: str, block: str, index: int, text: str, printed: str, keypad: str, integer: int
) -> None:
    code = parse_code(text)
    assert entity_code(Kind(kind), block, index) == text
    assert (code.kind, code.block, code.index) == (kind, block, index)
    assert (code.printed, code.keypad, code.payload_integer) == (printed, keypad, integer)
    assert from_keypad(keypad) == code
    assert normalise(printed).code == code


@pytest.mark.parametrize(
    ("index", "code"), [(100, "B0A1QW0U7"), (101, "B0A1D1XNH"), (102, "B0A116UHK")]
)
def test_consecutive_codes_of_a_block_look_nothing_alike(index: int, code: str) -> None:
    assert entity_code(Kind.BUILDING, "0A1", index) == code


@pytest.mark.parametrize(
    "text",
    [
        "E3WN2L01000A",
        "E3WN2L010017",
        "E00000000005",
        "EYYYYYYYYYYA",
        "P0CX871LBQ4QC1Y1",
        "P050A6346TR784N8",
        "P1EYMR6W711R232W",
    ],
)
def test_published_event_and_person_codes_pass(text: str) -> None:
    assert parse_code(text).text == text


def test_the_worked_check_character() -> None:
    assert check_character("C7K30000") == "4"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("C7K3K4WT0", "check"),
        ("C7KK34WTB", "check"),
        ("C7K3K4WT", "length"),
        ("C7K3K4WTB0", "length"),
        ("F7K3K4WTB", "kind"),
        ("C7I3K4WTB", "alphabet"),
        ("c7k3k4wtb", "kind"),
        ("", "kind"),
        ("0000000005", "kind"),
        ("C7K3K4WT\u0660", "alphabet"),
        ("C" + "0" * 4000, "length"),
        ("E3WN2L01000B", "check"),
    ],
)
def test_a_wrong_code_says_which_rule_it_broke(text: str, rule: str) -> None:
    with pytest.raises(BadCode) as caught:
        parse_code(text)
    assert caught.value.rule == rule


@pytest.mark.parametrize(
    ("typed", "code", "folded"),
    [
        ("c7k3k4wtb", "C7K3K4WTB", False),
        ("C7K-3K4-WTB", "C7K3K4WTB", False),
        ("Ｃ7K3K4WTB", "C7K3K4WTB", False),
        (" c7k 3k4.wtb ", "C7K3K4WTB", False),
        ("C7K/3K4/WTB", "C7K3K4WTB", False),
        ("C7K-3OO-OO4", "C7K300004", True),
        ("C0O00000g", None, True),
        ("AOOAQWOUF", "A00AQW0UF", True),
        ("A00AQW0VF", "A00AQW0UF", True),
    ],
)
def test_what_people_type_is_read_leniently_and_folding_is_told(
    typed: str, code: str | None, folded: bool
) -> None:
    if code is None:
        with pytest.raises(BadCode):
            normalise(typed)
    else:
        assert (normalise(typed).code.text, normalise(typed).folded) == (code, folded)


def test_folding_does_not_make_a_wrong_code_right() -> None:
    with pytest.raises(BadCode) as caught:
        normalise("C7I3K4WTB")
    assert caught.value.rule == "check"


@pytest.mark.parametrize(
    ("typed", "reading"),
    [("D001GBP8Z", "D001GBP82"), ("my/terminal/1", "MYTERM1NAL1"), ("C7K3K4WTC", None)],
)
def test_a_refusal_says_what_was_typed_and_how_it_was_read(typed: str, reading: str | None) -> None:
    with pytest.raises(BadCode) as caught:
        normalise(typed)
    assert caught.value.text == typed
    assert str(caught.value).startswith(f"{typed!r} is not a city code: ")
    assert ("read as" in str(caught.value)) == (reading is not None)
    assert reading is None or f"read as {reading!r}" in str(caught.value)


@given(entity_codes, st.data())
def test_every_single_substitution_is_caught(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(text) - 1))
    other = data.draw(st.sampled_from(ALPHABET.replace(text[at], "")))
    with pytest.raises(BadCode) as caught:
        parse_code(text[:at] + other + text[at + 1 :])
    assert caught.value.rule == "check"


@given(entity_codes, st.data())
def test_every_transposition_of_any_two_positions_is_caught(text: str, data: st.DataObject) -> None:
    i, j = sorted(data.draw(st.sets(st.integers(0, len(text) - 1), min_size=2, max_size=2)))
    assume(text[i] != text[j])
    swapped = text[:i] + text[j] + text[i + 1 : j] + text[i] + text[j + 1 :]
    with pytest.raises(BadCode):
        parse_code(swapped)


def test_the_weights_miss_no_substitution_and_no_transposition_up_to_30_characters() -> None:
    for length in range(2, 31):
        weights = [pow(3, length - 1 - at, 31) for at in range(length)]
        assert all(weight * difference % 31 for weight in weights for difference in range(1, 31))
        assert all(one != other for one, other in itertools.combinations(weights, 2))


@given(entity_codes)
def test_a_code_and_its_keypad_twin_are_the_same_thing(text: str) -> None:
    code = parse_code(text)
    assert from_keypad(code.keypad) == code
    assert int(code.keypad) % 97 == 1
    assert code.keypad[0] != "0"
    assert code.payload_integer < 2**40


@pytest.mark.parametrize(
    ("digits", "rule"),
    [
        ("33691119029845", "check"),
        ("3369111902984", "length"),
        ("3369111902984X", "alphabet"),
        ("٣٣691119029844", "alphabet"),
        (f"{0:012d}01", "kind"),
        ("", "alphabet"),
    ],
)
def test_a_wrong_keypad_number_says_which_rule_it_broke(digits: str, rule: str) -> None:
    with pytest.raises(BadCode) as caught:
        from_keypad(digits)
    assert caught.value.rule == rule


def test_a_keypad_number_of_a_kind_without_twin_is_refused() -> None:
    number = ALPHABET.index("P") * 31**7
    with pytest.raises(BadCode) as caught:
        from_keypad(f"{number:012d}{98 - number * 100 % 97:02d}")
    assert caught.value.rule == "kind"


def test_a_keypad_number_may_be_printed_in_groups() -> None:
    assert from_keypad("3369 1119 0298 44").text == "C7K3K4WTB"


@given(st.integers(0, SERIALS_PER_BLOCK - 1))
def test_scrambling_is_a_bijection(index: int) -> None:
    assert unscramble(scramble(index)) == index


def test_any_two_of_eleven_consecutive_serials_differ_in_all_four_characters() -> None:
    chosen = range(0, SERIALS_PER_BLOCK - 11, 2_999)
    for start in chosen:
        serials = [scramble(start + step) for step in range(11)]
        for one, other in itertools.combinations(serials, 2):
            assert all(a != b for a, b in zip(one, other, strict=True))


@given(entity_codes, entity_codes)
def test_text_order_is_numeric_order(one: str, other: str) -> None:
    by_text = one[:-1] < other[:-1]
    assert by_text == (parse_code(one).payload_integer < parse_code(other).payload_integer)


@pytest.mark.parametrize(
    ("kind", "block", "index", "field"),
    [
        (Kind.EVENT, "000", 0, "kind"),
        (Kind.PERSON, "000", 0, "kind"),
        (Kind.AREA, "0I0", 0, "block"),
        (Kind.AREA, "00", 0, "block"),
        (Kind.AREA, "000", SERIALS_PER_BLOCK, "index"),
        (Kind.AREA, "000", -1, "index"),
    ],
)
def test_what_can_not_be_coded_is_refused_by_field(
    kind: Kind, block: str, index: int, field: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        entity_code(kind, block, index)
    assert caught.value.field == field


@pytest.mark.parametrize("number", [-1, 31**3])
def test_a_block_number_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(InvalidValue):
        block_name(number)


@pytest.mark.parametrize("text", ["E3WN2L01000A", "P0CX871LBQ4QC1Y1"])
def test_events_and_persons_have_no_block_index_or_keypad_twin(text: str) -> None:
    code = parse_code(text)
    for read in (lambda: code.block, lambda: code.index, lambda: code.keypad):
        with pytest.raises(InvalidValue):
            read()
