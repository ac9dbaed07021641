"""Which passwords are taken, and how long an account is locked after failures."""

from __future__ import annotations

import unicodedata

from assay.wire.errors import InvalidInput

LEAST = 12  # characters
MOST = 200  # characters: the work of a guess is bounded, a passphrase fits
FREE = 4  # failures without consequence
GROWING = 10  # from so many on, the lock no longer grows
LOCKED_US = 900 * 1_000_000
SECOND_US = 1_000_000
DIFFERENT = 5  # characters
PIECE = 4  # a password that repeats a piece of so few characters is as short as the piece

# The commonest of those that are long enough otherwise, in lower case.
COMMONEST = """
123456789012 1234567890123 12345678901234 1234567890123456 0123456789012 password1234 password12345 password123456
passw0rd1234 p@ssw0rd1234 p@ssword1234 p@ssw0rd123! password123! password1234! passwordpassword mypassword123
qwerty123456 qwertyuiop12 qwertyuiop123 qwertyuiopasdf qwertyqwerty 1q2w3e4r5t6y 1q2w3e4r5t6y7u q1w2e3r4t5y6
1qaz2wsx3edc 1qaz2wsx3edc4rfv zaq12wsxcde3 abcdefghijkl abcdefghijklm abcd12345678 abc123abc123 iloveyou1234
iloveyou12345 letmein12345 welcome12345 welcome123456 administrator administrator1 admin1234567 adminadmin12
admin123456789 changeme1234 changemechangeme changeit1234 secret123456 supersecret1 letmeinletmein sunshine1234
princess1234 football1234 baseball1234 trustno1trustno1 correcthorsebatterystaple machinelearning datascience123
tensorflow123 mlflowmlflow mlflow123456 assay1234567 testtesttest test12345678 guest1234567 superman1234 batman123456
monkeymonkey dragondragon starwars1234 whatever1234 computer1234 internet1234 hello1234567
"""
COMMON = frozenset(COMMONEST.split())


def normal(password: str) -> str:
    """The password as it is hashed: the same however a keyboard composes its letters."""
    return unicodedata.normalize("NFC", password)


def check(password: str, name: str) -> str:
    """The password in its normal form, which may be set for the user of this name.

    Raises:
        InvalidInput: It is too short, too long, or among the first that somebody would try.
    """
    found = normal(password)
    if len(found) < LEAST or len(found) > MOST:
        raise _refused(f"The password has {len(found)} characters", LEAST if len(found) < LEAST else MOST)
    if any(ord(sign) < 32 or sign == "\x7f" or 0xD800 <= ord(sign) <= 0xDFFF for sign in found):
        raise _refused("The password has a control character", None)
    folded = found.casefold()
    if folded in COMMON:
        raise _refused("The password is one of the commonest", None)
    if len(set(folded)) < DIFFERENT or any(
        folded == (folded[:n] * len(folded))[: len(folded)] for n in range(1, PIECE + 1)
    ):
        raise _refused("The password repeats a few characters", None)
    if name and folded.replace(name.casefold(), "", 1).strip("0123456789!?._-") == "":
        raise _refused("The password is the user's name", None)
    return found


def locked_for_us(failures: int) -> int:
    """How long an account takes no password after so many failures in a row.

    The fifth costs a second, the next twice that each; the tenth and all after it cost fifteen minutes.
    """
    if failures <= FREE:
        return 0
    return LOCKED_US if failures >= GROWING else SECOND_US << (failures - FREE - 1)


def _refused(message: str, bound: int | None) -> InvalidInput:
    return InvalidInput(
        message,
        field="password",
        bound=bound,
        remedy=f"choose {LEAST} to {MOST} characters that nobody would try first, such as four words",
    )
