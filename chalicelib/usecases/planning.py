"""Whether a campaign's plan fits, by what the records hold at this moment (SPEC 4.5, 4.6)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from chalicelib.domain.schedule import outline, plan_request
from chalicelib.domain.submission import common_text
from chalicelib.domain.survey import survey_digest
from chalicelib.sms.parts import measure

if TYPE_CHECKING:
    from chalicelib.domain.content import Content
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.domain.submission import Surroundings
    from chalicelib.domain.survey import Survey


def objection(content: Content, around: Surroundings, survey: Survey | None) -> str | None:
    """Why it does not fit. A Trigger has no list, and nothing to plan."""
    if around.list is None or around.channel is None:
        return None
    request = plan_request(
        content,
        around.workspace,
        around.channel.rate,
        around.list.counts.valid,
        mean_parts(content, around.list, survey),
        around.now,
    )
    return outline(request).objection


def mean_parts(content: Content, recipients: RecipientList, survey: Survey | None) -> Fraction:
    """As far as it was counted over the list, as the review has it; else as if every field were
    empty.
    """
    if survey is not None and survey.digest == survey_digest(content, recipients):
        sendable = sum(survey.by_parts.values())
        if sendable:
            return Fraction(survey.parts, sendable)
    return Fraction(measure(common_text(content)).parts)
