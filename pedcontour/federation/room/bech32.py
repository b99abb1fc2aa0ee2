"""The checksum of age's recipients (Bech32, BIP 173): a slip on a card is found before anybody signs."""

LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def is_sound(text: str) -> bool:
    """Whether a text, its prefix up to the last ``1`` and then letters of Bech32, ends with its own checksum."""
    prefix, _, data = text.rpartition("1")
    if any(letter not in LETTERS for letter in data):
        return False
    codes = [ord(letter) for letter in prefix]
    values = [code >> 5 for code in codes] + [0] + [code & 31 for code in codes]
    return _remainder(values + [LETTERS.index(letter) for letter in data]) == 1


def _remainder(values: list[int]) -> int:
    checksum = 1
    for value in values:
        top, checksum = checksum >> 25, (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, term in enumerate(_GENERATOR):
            checksum ^= term if top >> bit & 1 else 0
    return checksum
