"""From text to the stems that are searched for, as Lucene's English analyzer does it."""

from __future__ import annotations

import re
from array import array

import Stemmer

# Words in the sense of Unicode's segmentation: an apostrophe, full stop or colon between letters,
# and a comma or full stop between digits, joins them; a Chinese or Japanese sign is a word.
_SIGNS = r"\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff"
_RUN = rf"[^\W{_SIGNS}]+"
_LETTERS = r"(?<=[^\W\d_])['’.:·](?=[^\W\d_])"
_DIGITS = r"(?<=\d)['.,;](?=\d)"
_WORD = re.compile(rf"[{_SIGNS}]|{_RUN}(?:(?:{_LETTERS}|{_DIGITS}){_RUN})*")
_POSSESSIVE = ("'s", "’s", "'S", "’S")
# Lucene's list of English stop words.
_LIST = """
a an and are as at be but by for if in into is it no not of on or such that the their then there
these they this to was will with
"""
_STOP = frozenset(_LIST.split())
_LONGEST = 255


def words(text: str) -> list[str]:
    """Return the words of a text that can be searched for, in lower case, in order."""
    found = []
    for word in _WORD.findall(text):
        if word.endswith(_POSSESSIVE):
            word = word[:-2]
        word = word.lower()
        if word not in _STOP and 0 < len(word) <= _LONGEST:
            found.append(word)
    return found


class Stems:
    """Numbers the stems (Porter) of the words of a collection.

    Words are remembered, as a large collection has few of them.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self._stemmer = Stemmer.Stemmer("porter")
        self._words: dict[str, int] = {}

    def learn(self, text: str) -> array[int]:
        """Return the number of every word's stem, giving new ones a number."""
        found = array("I")
        for word in words(text):
            number = self._words.get(word)
            if number is None:
                stem = self._stemmer.stemWord(word)
                number = self.numbers.setdefault(stem, len(self.numbers))
                self._words[word] = number
            found.append(number)
        return found

    def known(self, text: str) -> list[int]:
        """Return the numbers of the stems of a text, those without one left out."""
        stems = self._stemmer.stemWords(words(text))
        return [self.numbers[stem] for stem in stems if stem in self.numbers]
