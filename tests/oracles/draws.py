"""The choices of a recipe for a pair of maps, run with symbols or with ints."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random


@dataclass
class Draw:
    """The same choices on every run with the same seed, whatever the values of the symbols."""

    seed: object
    values: dict
    used: set = field(default_factory=set, init=False)

    def __post_init__(self):
        self.rng = Random(str(self.seed))

    def one(self, *options):
        return self.rng.choice(options)

    def number(self, *texts):
        text = self.rng.choice(texts)
        self.used |= set(re.findall("[a-z]", text))
        return eval(text, dict(self.values))
