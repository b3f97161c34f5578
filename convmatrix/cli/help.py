"""Help in groups: what is asked, the layer, what only some kinds have, where the answer goes."""

from __future__ import annotations

import click

__all__ = ["Verb"]

_LAYER = (
    "kind input kernel stride padding padding_mode dilation in_channels out_channels groups weight "
    "bias model layer"
)
_SOME = (
    "multiplier flip output_padding scale size align_corners ceil_mode count_include_pad "
    "divisor_override"
)
_OUTPUT = "output format as_json plot csv smtlib depth"
GROUPS = {"The layer": _LAYER, "Of some kinds only": _SOME, "Output": _OUTPUT}
"""The options of each group by their names in Python; the others are the verb's own."""


class Verb(click.Command):
    """A command whose options are shown in groups, its own first."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the groups that have an option."""
        of = {name: title for title, names in GROUPS.items() for name in names.split()}
        rows: dict[str, list[tuple[str, str]]] = {title: [] for title in ("Options", *GROUPS)}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                rows[of.get(param.name or "", "Options")].append(record)
        for title, records in rows.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)
