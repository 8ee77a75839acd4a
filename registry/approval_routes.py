"""HTTP: what waits for a second person."""

from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from foundation import catalogue
from foundation.catalogue import Language, language_of
from foundation.messages import NumberInPath
from registry import access
from registry.access import Permission, Person
from registry.approvals import Approvals, ApprovalState, Listed, state_of
from registry.models import Approval
from registry.schemas import ApprovalShown, Approving, AwaitsApproval, Rejecting

ByPerson = Request[Person, Any, Any]

AWAITS = {202: ResponseSpec(AwaitsApproval, description="Waits for a second person", generate_examples=False)}
"""The other answer of routes whose requests a second person may have to approve."""


def awaits(request: Request[Any, Any, Any], asked: Approval) -> Response[Any]:
    """The answer 202 to a request that waits for a second person: its number, why, and where it is decided."""
    language = language_of(request.headers.get("accept-language"))
    url = f"/approvals?number={asked.approval_id}"
    body = AwaitsApproval(asked.approval_id, ApprovalState(asked.state), _why(asked, language), url)
    headers = {"location": url, "content-language": language.tag, "vary": "accept-language"}
    return Response(body, status_code=202, headers=headers)


def _why(asked: Approval, language: Language) -> str:
    return catalogue.text(asked.rule, language, **asked.params)


def _shown(request: ByPerson, one: Listed) -> ApprovalShown:
    asked, now = one.approval, datetime.now(UTC)
    return ApprovalShown(
        asked.approval_id, asked.kind, asked.agency_id, asked.subject, one.body, asked.amount_fen, asked.items,
        _why(asked, language_of(request.headers.get("accept-language"))), asked.reason, asked.maker, asked.made_at,
        asked.expires_at, state_of(asked, now), asked.decided_by, asked.decided_at, asked.decision, asked.result,
        one.may_decide,
    )  # fmt: skip


class ApprovalController(Controller):
    """Requests that a second person approves or rejects."""

    path = "/console/approvals"
    tags = ["console"]  # noqa: RUF012

    @get("/overview", guards=[access.allows(Permission.SEE_APPROVALS)], summary="Look at requests for approval")
    async def overview(
        self,
        request: ByPerson,
        approvals: Approvals,
        wanted: Annotated[ApprovalState | None, Parameter(query="state")] = None,
        before: NumberInPath | None = None,
    ) -> list[ApprovalShown]:
        """Those of the caller's agency, or all for the centre; the newest first, 200 at most.

        The next older ones: ``before`` the lowest number of these.
        ``body`` is null where it has more than 20 items; the request itself has it.
        """
        return [_shown(request, one) for one in await approvals.listed(request.user, wanted, before)]

    @get("/{approval_id:int}", guards=[access.allows(Permission.SEE_APPROVALS)], summary="Get a request for approval")
    async def approval(self, request: ByPerson, approval_id: NumberInPath, approvals: Approvals) -> ApprovalShown:
        """What will be carried out, why it needs a second person, and what came of it."""
        return _shown(request, await approvals.find(request.user, approval_id))

    @post(
        "/{approval_id:int}/approval",
        status_code=200,
        guards=[access.allows(Permission.APPROVE)],
        summary="Approve a request",
    )
    async def approve(
        self, request: ByPerson, approval_id: NumberInPath, data: Approving, approvals: Approvals
    ) -> ApprovalShown:
        """Carries the request out, as somebody else than who made it. A repeat gives the first result."""
        asked = await approvals.approve(request.user, approval_id, data.reason)
        return _shown(request, Listed(asked, asked.body, may_decide=False))

    @post(
        "/{approval_id:int}/rejection",
        status_code=200,
        guards=[access.allows(Permission.APPROVE)],
        summary="Reject a request",
    )
    async def reject(
        self, request: ByPerson, approval_id: NumberInPath, data: Rejecting, approvals: Approvals
    ) -> ApprovalShown:
        """Ends the request, as somebody else than who made it."""
        asked = await approvals.reject(request.user, approval_id, data.reason)
        return _shown(request, Listed(asked, asked.body, may_decide=False))
