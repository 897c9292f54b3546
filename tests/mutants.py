"""Copies of PDUs with bytes changed, lengths changed, parts left out, repeated or put in."""

import random
from collections.abc import Iterator


def mutants(pdu: bytes, how_many: int, seed: int) -> Iterator[bytes]:
    """So many copies, the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(how_many):
        yield mutate(pdu, chance)


def mutate(pdu: bytes, chance: random.Random) -> bytes:
    """One copy with one to eight changes."""
    made = bytearray(pdu)
    for _ in range(chance.choice((1, 1, 2, 8))):
        _change(made, chance)
    return bytes(made)


def _change(made: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(made) or 1)
    kind = chance.randrange(6)
    if kind == 0 and made:
        made[at] ^= 1 << chance.randrange(8)
    elif kind == 1 and made:
        made[at] = chance.choice((0x00, 0x7F, 0x80, 0xFF))
    elif kind == 2:
        del made[at:]
    elif kind == 3:
        del made[at : at + chance.randrange(1, 64)]
    elif kind == 4:
        made[at:at] = made[at : at + chance.randrange(1, 64)]
    else:
        made[at:at] = chance.randbytes(chance.randrange(1, 64))
