"""Characters that GSM 03.38 lacks, written with those that it has (SPEC 4.2, 6.2).

What GSM has stays as it is, line ends too. Letters, digits and currency signs become what they look
or sound like, punctuation becomes plain, and what nobody sees goes. Symbols and emoji stay, for a
name in their place ("thumbs up") is the author's to write; so does all that nothing stands for.
`left` tells them: an emoji as one, with its skin tone, its joiners, its flag.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias
from unicodedata import category, combining, decomposition, normalize

from chalicelib.sms.gsm import ALPHABET, is_gsm

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN: Final = {
    **dict.fromkeys("`\u00b4\u2018\u2019\u201a\u201b\u2032\u2039\u203a", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    **dict.fromkeys("\v\x85\u2028\u2029", "\n"),
    "\t": " ",
    "\u2026": "...",
    "\u00b7": ".",
    "\u00a6": "|",
    # Signs that people write so where they have no others.
    "\u00a9": "(C)",
    "\u00ae": "(R)",
    "\u00b1": "+/-",
    "\u00d7": "x",
    "\u00f7": "/",
    "\u2044": "/",
    "\u2190": "<-",
    "\u2192": "->",
    "\u2248": "~",
    "\u2264": "<=",
    "\u2265": ">=",
    # Letters that are silent or carry a vowel, of which anyascii says nothing.
    "\u0627": "a",
    "\u0640": "",
    "\u0787": "",
    "\u0ead": "o",
    "\u30fc": "",
    "\uff70": "",
}
# Greek capitals that look like Latin ones. GSM leaves them out for that, so whole words in capitals
# stay Greek; before a small letter they sound as anyascii says.
_GREEK_SHAPES: Final = {
    "\u0392": "B",
    "\u0397": "H",
    "\u0389": "H",
    "\u03a1": "P",
    "\u03a7": "X",
}
# "`" is not GSM's; two braces would be a merge field.
_TAMED: Final = str.maketrans("`{}", "'()")
# What anyascii makes of these are names, or signs that mean something else.
_SYMBOLS: Final = frozenset({"Sk", "Sm", "So"})
_UNKNOWN: Final = frozenset({"Cc", "Cn", "Co", "Cs"})
_MARKS: Final = frozenset({"Me", "Mn"})
_SILENT: Final = frozenset({"Mc", "Me", "Mn"})
_OVERLAY: Final = 1  # combining class of what crosses a character out
_JOINER: Final = "\u200d"
# Skin tones, and the letters by which a flag names its region.
_MODIFIER: Final = re.compile("[\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_FLAG: Final = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_OURS: Final = f"[{re.escape(''.join(sorted(ALPHABET)))}]"
_THEIRS: Final = f"[^{_OURS[1:]}"
# A foreign run begins with the character before it: marks may belong to that one.
_RUNS: Final = re.compile(f"(?P<ours>{_OURS}+)(?={_OURS}|\\Z)|{_OURS}?{_THEIRS}+")
_STACKED: Final = 32  # characters in one place
_WORD: Final = 32  # characters: longer runs are rare, and would fill the memory

# A character as its reader sees it, and what stands for it; None: nothing does.
Piece: TypeAlias = "tuple[str, str | None]"


@dataclass(frozen=True, slots=True)
class Replacement:
    was: str
    # Empty for what nobody sees.
    becomes: str
    count: int


@dataclass(frozen=True, slots=True)
class Transliteration:
    text: str
    # What has no likeness among GSM's, each once; with any of it the text is sent as UCS-2.
    left: tuple[str, ...]
    replaced: tuple[Replacement, ...] = ()


def transliterate(text: str) -> Transliteration:
    if is_gsm(text):
        return Transliteration(text, ())
    pieces = list(_pieces(text))
    replaced = Counter(piece for piece in pieces if piece[1] != piece[0])
    return Transliteration(
        "".join([was if becomes is None else becomes for was, becomes in pieces]),
        tuple(was for was, becomes in replaced if becomes is None),
        tuple(
            Replacement(was, becomes, count)
            for (was, becomes), count in replaced.items()
            if becomes is not None
        ),
    )


def _pieces(text: str) -> Iterator[Piece]:
    for run in _RUNS.finditer(text):
        if run["ours"]:
            yield run[0], run[0]
        elif len(run[0]) <= _WORD:
            yield from _of_word(run[0])
        else:
            yield from _of_run(run[0])


def _of_run(run: str) -> Iterator[Piece]:
    before = ""
    start = 0
    while start < len(run):
        end = _end(run, start)
        piece = run[start:end]
        plain = _likeness(piece)
        if plain and _depends(piece[0]):
            plain = _in_place(piece[0], plain, before, run[end : end + 1])
        yield piece, plain
        before, start = piece[0], end


@lru_cache(maxsize=1024)  # a campaign's texts have most words in common
def _of_word(run: str) -> tuple[Piece, ...]:
    return tuple(_of_run(run))


def _end(run: str, start: int) -> int:
    """Where the character that begins at `start` ends, as its reader sees it."""
    end = start + 1
    stays = _of_one(run[start]) is None
    if stays and _FLAG.match(run, start):
        end += 1
    while end < len(run):
        if category(run[end]) in _MARKS or (stays and _MODIFIER.match(run, end)):
            end += 1
        elif stays and run[end] == _JOINER and _stays(run, end + 1):
            end += 2
        else:
            break
    return end


def _stays(run: str, at: int) -> bool:
    return at < len(run) and _of_one(run[at]) is None


def _depends(char: str) -> bool:
    """Whether its neighbours have a say in its likeness."""
    return char in _GREEK_SHAPES or category(char) == "No"


def _in_place(char: str, plain: str, before: str, after: str) -> str:
    if char in _GREEK_SHAPES:
        return plain if after.islower() else _GREEK_SHAPES[char]
    return _apart(char, before) + plain


def _apart(number: str, before: str) -> str:
    """What keeps a fraction or a power from reading as one digit more: 5½ is not 51/2."""
    power = decomposition(number).startswith("<super>")
    if before.isdecimal():
        return "^" if power else " "
    return " " if before and category(before) == "No" and not power else ""


def _likeness(piece: str) -> str | None:
    """What stands for a character and its marks; None: nothing does."""
    # Normalising takes the square of the marks' number: nobody reads so many.
    composed = normalize("NFC", piece[:_STACKED]) + piece[_STACKED:]
    if is_gsm(composed):
        return composed
    found = [_of_one(char) for char in composed]
    if None in found:
        return None
    # With fewer marks it may be one of GSM's still: ǟ is rather ä than a.
    taken_apart = normalize("NFD", piece[:_STACKED])
    for marks in (1, 0):
        simpler = normalize("NFC", taken_apart[: 1 + marks])
        if is_gsm(simpler):
            return simpler
    return "".join(plain or "" for plain in found)


@lru_cache(maxsize=4096)
def _of_one(char: str) -> str | None:
    if char in _PLAIN:
        return _PLAIN[char]
    if is_gsm(char):
        return char
    kind = category(char)
    if kind == "Cf":
        return ""
    if kind in _UNKNOWN or combining(char) == _OVERLAY:
        return None
    if kind in _SYMBOLS:
        made_of = normalize("NFKC", char)
        return made_of if is_gsm(made_of) else None
    return _by_anyascii(char, kind)


def _by_anyascii(char: str, kind: str) -> str | None:
    # Importing it takes 30 ms, of which 25 are importlib.resources; most texts never need it. It
    # adds 0.3 MB to each zip.
    from anyascii import anyascii  # noqa: PLC0415

    plain = anyascii(char).translate(_TAMED)
    if not is_gsm(plain) or not (plain or kind in _SILENT):
        return None
    # Punctuation stands for no letters: ‰ is not %0.
    return None if kind[0] == "P" and any(map(str.isalnum, plain)) else plain
