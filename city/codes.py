"""City codes: the alphabet, the check character, and the forms of a code.

An entity's code is nine characters ``K BBB SSSS C``: kind, issuing block, scrambled serial, check.
Its alphabet is that of the Unified Social Credit Code (GB 32100-2015). The check is ISO/IEC 7064
pure-system arithmetic with modulus 31 and radix 3: every single substitution and every
transposition of any two positions is caught in codes of up to 30 characters, because 3 is a
primitive root modulo 31. It is not one of the designations named in ISO 7064.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from city.errors import BadCode, InvalidValue, shortened

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
MODULUS = len(ALPHABET)
RADIX = 3
SERIALS_PER_BLOCK = MODULUS**4
BLOCKS_PER_KIND = MODULUS**3

# Chosen in the scheme so that any two of 11 consecutive serials differ in all four characters.
_SCRAMBLE = 570_767
_UNSCRAMBLE = 59_123

_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_LENGTH_OF_OTHERS = {"E": 12, "P": 16}
_ENTITY_LENGTH = 9
_GROUP = {9: 3, 12: 3, 16: 4}
_KEYPAD_DIGITS = 14
_MOD_97 = 97

# Letters that never occur in a code, and what a person who wrote one most likely read.
_FOLDS = str.maketrans({"I": "1", "O": "0", "Z": "2", "S": "5", "V": "U"})
_SEPARATORS = re.compile(r"[\s\-./‐‑‒–—]+")


class Kind(StrEnum):
    """What a code names: its first letter, which never changes."""

    AREA = "A"
    BUILDING = "B"
    COMPONENT = "C"
    DEVICE = "D"
    EVENT = "E"
    ORGANISATION = "G"
    JUNCTION = "J"
    LINK = "L"
    MATTER = "M"
    PERSON = "P"
    ROUTE = "R"
    TEST = "X"

    @property
    def is_entity(self) -> bool:
        """Whether codes of this kind have the nine-character entity form."""
        return self.value not in _LENGTH_OF_OTHERS

    @property
    def length(self) -> int:
        """Characters in a code of this kind: 9, events 12, persons 16."""
        return _LENGTH_OF_OTHERS.get(self.value, _ENTITY_LENGTH)


KIND_LETTERS = "".join(Kind)


@dataclass(frozen=True, slots=True)
class Code:
    """A valid code in canonical form. Make one with `parse_code` or `normalise`."""

    text: str

    def __str__(self) -> str:
        """The canonical text."""
        return self.text

    @property
    def kind(self) -> Kind:
        """What the code names."""
        return Kind(self.text[0])

    @property
    def printed(self) -> str:
        """The form for plates and pages, in groups: ``C7K-3K4-WTB``."""
        step = _GROUP[len(self.text)]
        return "-".join(self.text[at : at + step] for at in range(0, len(self.text), step))

    @property
    def block(self) -> str:
        """The issuing block of an entity's code (3 characters).

        Raises:
            InvalidValue: for an event or a person, whose codes have no block.
        """
        self._require_entity("block")
        return self.text[1:4]

    @property
    def index(self) -> int:
        """The entity's place in its block, in order of issue: 0 to 923,520.

        Raises:
            InvalidValue: for an event or a person, whose codes have no serial.
        """
        self._require_entity("index")
        return unscramble(self.text[4:8])

    @property
    def payload_integer(self) -> int:
        """The code without its check as a number in base 31: below 2^40 for entities."""
        return _integer(self.text[:-1])

    @property
    def keypad(self) -> str:
        """The 14-digit twin for keypads and telephones: 12 digits and two of ISO 7064 MOD 97-10.

        Raises:
            InvalidValue: for an event or a person: only entities have a twin.
        """
        self._require_entity("keypad")
        body = f"{self.payload_integer:012d}"
        return f"{body}{98 - int(body) * 100 % _MOD_97:02d}"

    def _require_entity(self, what: str) -> None:
        if not self.kind.is_entity:
            raise InvalidValue("code", self.text, f"has no {what}: only codes of entities have one")


@dataclass(frozen=True, slots=True)
class Normalised:
    """What a person's typing was read as.

    Attributes:
        code: the valid code.
        folded: whether a letter that no code has (I O Z S V) was read as the one it resembles.
    """

    code: Code
    folded: bool


def check_character(payload: str) -> str:
    """The check character for a payload of 1 to 29 characters of `ALPHABET`.

    Source: ISO/IEC 7064, pure-system recursion, with modulus 31 and radix 3.

    Raises:
        BadCode: when a character is outside the alphabet (rule ``alphabet``).
    """
    return ALPHABET[(1 - _recursion(payload)) % MODULUS]


def scramble(index: int) -> str:
    """The four printed characters of a serial, so that neighbours never look alike.

    Raises:
        InvalidValue: when the index is outside 0 to 923,520.
    """
    if not 0 <= index < SERIALS_PER_BLOCK:
        raise InvalidValue("index", index, f"must be from 0 to {SERIALS_PER_BLOCK - 1}")
    return _text(index * _SCRAMBLE % SERIALS_PER_BLOCK, 4)


def unscramble(serial: str) -> int:
    """The index whose printed serial this is: the inverse of `scramble`."""
    return _integer(serial) * _UNSCRAMBLE % SERIALS_PER_BLOCK


def block_name(number: int) -> str:
    """The three characters of the issuing block with this number.

    Raises:
        InvalidValue: when the number is outside 0 to 29,790.
    """
    if not 0 <= number < BLOCKS_PER_KIND:
        raise InvalidValue("block", number, f"must be from 0 to {BLOCKS_PER_KIND - 1}")
    return _text(number, 3)


def entity_code(kind: Kind, block: str, index: int) -> str:
    """The code of the ``index``-th entity of a kind in an issuing block.

    Raises:
        InvalidValue: for a kind without blocks, a block that is not three characters of the
            alphabet, or an index outside 0 to 923,520.
    """
    if not kind.is_entity:
        raise InvalidValue("kind", kind.value, "has no blocks: events and persons are coded apart")
    if len(block) != 3 or any(character not in _VALUE for character in block):  # noqa: PLR2004 - BBB
        raise InvalidValue("block", block, f"must be three characters of {ALPHABET}")
    payload = f"{kind.value}{block}{scramble(index)}"
    return payload + check_character(payload)


def parse_code(text: str) -> Code:
    """The code that a text is, when it is one in canonical form.

    Raises:
        BadCode: naming the first test failed, in the order kind, length, alphabet, check.
    """
    if not text or text[0] not in KIND_LETTERS:
        raise BadCode(text, "kind", f"it must begin with one of {KIND_LETTERS}")
    kind = Kind(text[0])
    if len(text) != kind.length:
        raise BadCode(
            text, "length", f"a code of kind {kind} has {kind.length} characters, not {len(text)}"
        )
    if (_recursion(text[:-1]) + _value(text[-1], text)) % MODULUS != 1:
        raise BadCode(text, "check", "the check character does not fit: it was misread or mistyped")
    return Code(text)


def normalise(text: str) -> Normalised:
    """The code that a person meant: any case, any width, with or without separators.

    The letters I, O, Z, S and V occur in no code and are read as 1, 0, 2, 5 and U.

    Raises:
        BadCode: when what is left is still not a code; it has the text as given, and says how
            that was read where it was read otherwise.
    """
    plain = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
    folded = plain.translate(_FOLDS)
    try:
        return Normalised(parse_code(folded), folded != plain)
    except BadCode as error:
        if folded == text:
            raise
        detail = f"{error.detail} (read as {shortened(folded)!r})"
        raise BadCode(text, error.rule, detail) from None


def from_keypad(digits: str) -> Code:
    """The code whose 14-digit twin this is; blanks and hyphens between digits are passed over.

    Raises:
        BadCode: when it has not 14 digits (``length``, ``alphabet``), fails MOD 97-10
            (``check``), or its number is no entity's (``kind``).
    """
    plain = _SEPARATORS.sub("", unicodedata.normalize("NFKC", digits))
    if not (plain.isascii() and plain.isdigit()):
        raise BadCode(digits, "alphabet", "a keypad number has digits only")
    if len(plain) != _KEYPAD_DIGITS:
        raise BadCode(digits, "length", f"a keypad number has 14 digits, not {len(plain)}")
    if int(plain) % _MOD_97 != 1:
        raise BadCode(digits, "check", "the last two digits do not fit: it was misread or mistyped")
    number = int(plain[:12])
    if number >= MODULUS ** (_ENTITY_LENGTH - 1):
        raise BadCode(digits, "kind", "the number is larger than any code's")
    payload = _text(number, _ENTITY_LENGTH - 1)
    if payload[0] not in KIND_LETTERS or not Kind(payload[0]).is_entity:
        raise BadCode(digits, "kind", f"it decodes to the kind {payload[0]!r}, which has no twin")
    return Code(payload + check_character(payload))


def _recursion(payload: str) -> int:
    state = 0
    for character in payload:
        state = (state + _value(character, payload)) * RADIX % MODULUS
    return state


def _value(character: str, text: str) -> int:
    try:
        return _VALUE[character]
    except KeyError:
        raise BadCode(text, "alphabet", f"{character!r} is not one of {ALPHABET}") from None


def _integer(text: str) -> int:
    number = 0
    for character in text:
        number = number * MODULUS + _value(character, text)
    return number


def _text(number: int, length: int) -> str:
    characters = []
    for _ in range(length):
        number, value = divmod(number, MODULUS)
        characters.append(ALPHABET[value])
    return "".join(reversed(characters))
