"""What people do in the console, and where they find it: each act a route of the API beside a list or its rows.

An act by GET changes nothing: it fetches a document, or something that is not shown before it is asked for.

A page draws an act from what ``GET /console/acts`` says of it; ``tests/rules/test_acts.py`` finds a change that is
missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.access import Permission
from waste.supervision.cases import PERMISSIONS, TRANSITIONS, CaseAction, CaseState

Row = Mapping[str, str]
States = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Act:
    """A route, and the list in ``place`` where it is found.

    ``row``: of one row; the members of the request that the row says, by their names in the row. Empty: of the list as
    a whole. ``when``: what the row must say for it (``""``: nothing). ``mine``: the member of the row that must be the
    person's own agency. ``fixed``: members that are always the same, also in the path. ``query``: parameters of the
    query, and what the route calls them. ``begins``: what is asked for begins with what the row says now.
    ``begins_with``: with what this path answers (GET). ``grave``: there is no way back, or somebody stands outside.
    ``makes``: numbers of what is not there before. ``shows``: members of the answer that people need.
    ``leads_to``: what is mostly done next with the row that it made, whose key the answer has. ``needs``: any of these
    permissions, where that of the route is not enough.
    """

    method: str
    path: str
    place: str
    row: Row = field(default_factory=dict)
    when: States = field(default_factory=dict)
    mine: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    query: Row = field(default_factory=dict)
    begins: bool = False
    begins_with: str = ""
    grave: bool = False
    makes: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    leads_to: str = ""
    needs: tuple[Permission, ...] = ()


def _post(path: str, place: str, **more: Any) -> Act:
    return Act("POST", path, place, **more)


def _same(*names: str) -> Row:
    return {name: name for name in names}


def _state(*values: str) -> States:
    return {"state": values}


_AGENCY = {"number": "agency_id"}
_CANTEEN = {"number": "canteen_id"}
_REGION = {"number": "book"}
_ENDS = "/registry/{}/{{number}}/{}"


def _lives(name: str, place: str, row: Row) -> dict[str, Act]:
    """A thing of the network is suspended, resumed and ended."""
    kind = place.rsplit("/", 1)[-1]
    return {
        f"suspend_{name}": _post(_ENDS.format(kind, "suspension"), place, row=row, when=_state("active"), grave=True),
        f"resume_{name}": _post(_ENDS.format(kind, "resumption"), place, row=row, when=_state("suspended")),
        f"end_{name}": _post(
            _ENDS.format(kind, "ending"), place, row=row, when=_state("active", "suspended"), grave=True
        ),
    }


_CLEARING = {
    "close_day": _post("/clearing/cycles", "/clearing/cycles"),
    "make_bank_file": _post(
        "/clearing/cycles/{business_date}/bank-file",
        "/clearing/cycles",
        row=_same("business_date"),
        when=_state("published", "settled"),
    ),
    "reconcile": _post("/clearing/differences", "/clearing/differences"),
    "post_confirmations": _post("/clearing/confirmations", "/clearing/bank-entries"),
    "resolve_entry": _post(
        "/clearing/confirmations/resolutions",
        "/clearing/bank-entries",
        row=_same("entry", "occurrence"),
        when={"verdict": ("number_used_before", "returned", "too_much", "unknown_reference", "wrong_direction")},
    ),
    "set_bank_account": _post("/clearing/bank-accounts", "/registry/agencies", row=_same("agency_id")),
    "dispute": _post("/clearing/disputes", "/settlement/payments", row=_same("posting_id"), begins=True),
    "report_receptions": _post("/clearing/receptions", "/clearing/receptions"),
    "answer_dispute": _post(
        "/clearing/disputes/{dispute_id}/answer",
        "/clearing/disputes",
        row=_same("dispute_id"),
        when=_state("open"),
        mine="other_agency",
    ),
    "decide_dispute": _post(
        "/clearing/disputes/{dispute_id}/decision",
        "/clearing/disputes",
        row=_same("dispute_id"),
        when=_state("open", "answered"),
    ),
    "withdraw_dispute": _post(
        "/clearing/disputes/{dispute_id}/withdrawal",
        "/clearing/disputes",
        row=_same("dispute_id"),
        when=_state("open", "answered"),
        mine="raised_by_agency",
        grave=True,
    ),
}

_MONEY = {
    "approve": _post(
        "/console/approvals/{approval_id}/approval",
        "/console/approvals",
        row=_same("approval_id"),
        when=_state("pending"),
    ),
    "reject": _post(
        "/console/approvals/{approval_id}/rejection",
        "/console/approvals",
        row=_same("approval_id"),
        when=_state("pending"),
        grave=True,
    ),
    "grant": _post("/settlement/grants", "/settlement/grants", shows=("amount_fen",)),
    "grant_by_file": _post(
        "/settlement/grants/{agency_id}/{batch}", "/settlement/grant-files", query=_same("again"), shows=("amount_fen",)
    ),
    "top_up": _post("/settlement/top-ups", "/settlement/top-ups", shows=("amount_fen",)),
    "refund": _post(
        "/settlement/refunds",
        "/settlement/payments",
        row={"payment": "posting_id"},
        when={"kind": ("payment",)},
        begins=True,
        shows=("cash_fen", "subsidy_fen", "host_fen"),
    ),
    "void_sheet_payment": _post("/terminals/sheet-payments/voids", "/console/sheet-payments", shows=("reversed_fen",)),
    "close_account": _post(
        "/console/closures",
        "/registry/officials",
        row=_same("holder_id"),
        when=_state("leaving"),
        grave=True,
        shows=("cash_fen", "subsidy_fen"),
    ),
    "set_purse_order": _post("/settlement/purse-orders", "/registry/agencies", row=_same("agency_id")),
    "agree": _post("/settlement/agreements/{book}", "/settlement/agreements"),
    "change_rules": _post("/settlement/rules/{book}", "/settlement/rules", row=_same("book"), begins=True),
    "set_class_rules": _post("/settlement/class-rules/{book}", "/settlement/rules", row=_same("book")),
    "set_person_class": Act("PUT", "/settlement/person-classes/{code}", "/settlement/rules"),
    "set_tariff": _post("/settlement/tariffs", "/settlement/tariffs"),
}

_NETWORK = {
    "register_region": _post("/registry/regions", "/registry/regions", makes=("book",)),
    "change_region": Act("PUT", "/registry/regions/{number}", "/registry/regions", row=_REGION, begins=True),
    **_lives("region", "/registry/regions", _REGION),
    "register_agency": _post("/registry/agencies", "/registry/agencies"),
    "import_network": _post(
        "/registry/network-imports",
        "/registry/agencies",
        query={"sheet": "sheet", "dry-run": "dry_run"},
        shows=("added", "changed", "unchanged", "missing", "differences"),
    ),
    "change_agency": Act("PUT", "/registry/agencies/{number}", "/registry/agencies", row=_AGENCY, begins=True),
    **_lives("agency", "/registry/agencies", _AGENCY),
    "register_canteen": _post("/registry/canteens", "/registry/canteens"),
    "change_canteen": Act("PUT", "/registry/canteens/{number}", "/registry/canteens", row=_CANTEEN, begins=True),
    "set_meals": Act(
        "PUT",
        "/registry/canteens/{canteen_id}/meals",
        "/registry/canteens",
        row=_same("canteen_id"),
        begins_with="/registry/canteens/{canteen_id}/meals",
    ),
    "set_special_day": Act(
        "PUT", "/registry/canteens/{canteen_id}/days/{day}", "/registry/canteens", row=_same("canteen_id")
    ),
    "clear_special_day": Act(
        "DELETE", "/registry/canteens/{canteen_id}/days/{day}", "/registry/canteens", row=_same("canteen_id")
    ),
    "set_booking_terms": Act(
        "PUT", "/dining/canteens/{canteen_id}/booking-terms/{meal}", "/registry/canteens", row=_same("canteen_id")
    ),
    "require_cashiers": _post(
        "/registry/canteens/{canteen_id}/cashiers-required", "/registry/canteens", row=_same("canteen_id")
    ),
    **_lives("canteen", "/registry/canteens", _CANTEEN),
}

_PEOPLE = {
    "register_officials": _post("/registry/officials", "/registry/officials", shows=("holder_ids",)),
    "find_officials": _post("/registry/officials/search", "/registry/officials", shows=("people", "more")),
    "change_official": Act(
        "PATCH", "/registry/officials/{holder_id}", "/registry/officials", row=_same("holder_id"), begins=True
    ),
    "activate_phone": _post(
        "/console/phone-activations",
        "/registry/officials",
        when=_state("active"),
        row={"agency_id": "agency_id", "holder_ids": "holder_id"},
        shows=("activations", "expires_at"),
    ),
    "suspend_official": _post(
        "/registry/officials/{holder_id}/suspension",
        "/registry/officials",
        row=_same("holder_id"),
        when=_state("active"),
        grave=True,
    ),
    "resume_official": _post(
        "/registry/officials/{holder_id}/resumption",
        "/registry/officials",
        row=_same("holder_id"),
        when=_state("suspended"),
    ),
    "official_left": _post(
        "/registry/officials/{holder_id}/departure",
        "/registry/officials",
        row=_same("holder_id"),
        when=_state("active", "suspended"),
        grave=True,
    ),
    "send_roster": _post("/registry/rosters", "/registry/rosters", query=_same("agency_id"), shows=("roster_id",)),
    "confirm_roster": _post(
        "/registry/rosters/{roster_id}/confirmation",
        "/registry/rosters",
        row=_same("roster_id"),
        when=_state("previewed"),
    ),
    "register_visit": _post("/registry/visits", "/registry/visits"),
    "confirm_visit": _post(
        "/registry/visit-requests/{number}/confirmation",
        "/registry/visit-requests",
        row=_same("number"),
        when=_state("waiting"),
    ),
    "refuse_visit": _post(
        "/registry/visit-requests/{number}/refusal",
        "/registry/visit-requests",
        row=_same("number"),
        when=_state("waiting"),
    ),
    "end_visit": _post("/registry/visits/{visit_id}/ending", "/registry/visits", row=_same("visit_id"), grave=True),
    "issue_cards": _post("/console/cards", "/registry/credentials", shows=("cards",)),
    "replace_card": _post(
        "/console/cards/replacements",
        "/registry/credentials",
        row=_same("credential_id"),
        when={"kind": ("card",)},
        shows=("card", "cash_fen", "subsidy_fen"),
    ),
    "block_credential": _post(
        "/console/credentials/{credential_id}/block",
        "/registry/credentials",
        row=_same("credential_id"),
        when=_state("active"),
        fixed={"blocked": True},
        grave=True,
    ),
    "unblock_credential": _post(
        "/console/credentials/{credential_id}/block",
        "/registry/credentials",
        row=_same("credential_id"),
        when=_state("blocked"),
        fixed={"blocked": False},
    ),
}


def _cashier(path: str, **more: Any) -> Act:
    return _post("/console/cashiers/{cashier_id}/" + path, "/console/cashiers", row=_same("cashier_id"), **more)


def _user(path: str, **more: Any) -> Act:
    return _post("/console/users/{user_id}/" + path, "/console/users", **{"row": _same("user_id"), **more})


def _machine(path: str, **more: Any) -> Act:
    return _post("/console/machines/{user_id}/" + path, "/console/machines", row=_same("user_id"), **more)


_USERS = {
    "register_cashier": _post("/console/cashiers", "/console/cashiers", shows=("number", "pin")),
    "change_cashier": _cashier("changes", when=_state("active", "suspended"), begins=True),
    "reset_pin": _cashier("pin", when=_state("active"), shows=("number", "pin")),
    "unlock_cashier": _cashier("unlocking", when=_state("active")),
    "suspend_cashier": _cashier("suspension", when=_state("active"), grave=True),
    "resume_cashier": _cashier("resumption", when=_state("suspended")),
    "end_cashier": _cashier("end", when=_state("active", "suspended"), grave=True),
    "invite_user": _post("/console/users", "/console/users", shows=("code", "expires_at")),
    "invite_again": _user("invitation", when=_state("invited"), shows=("code", "expires_at")),
    "confirm_user": _user("confirmation", row=_same("user_id", "role", "agency_id"), when=_state("unconfirmed")),
    "change_role": _user("role", begins=True),
    "suspend_user": _user("suspension", when={"suspended_at": ("",)}, grave=True),
    "resume_user": _user("resumption"),
    "reset_second_factor": _user("second-factor-reset", grave=True),
    "add_machine": _post("/console/machines", "/console/machines", shows=("secret", "expires_at")),
    "change_scopes": _machine("scopes", begins=True),
    "replace_secret": _machine("secret", grave=True, shows=("secret", "expires_at")),
    "confirm_machine": _post(
        "/console/users/{user_id}/confirmation",
        "/console/machines",
        row=_same("user_id", "agency_id", "scopes"),
        when=_state("unconfirmed"),
        fixed={"role": "machine"},
    ),
    "bind_identity": _post("/console/identities", "/console/identities"),
    "confirm_identity": _post(
        "/console/identities/{number}/confirmation",
        "/console/identities",
        when={"confirmed_at": ("",)},
        row={"number": "identity_id", "subject": "subject", "agency_id": "agency_id"},
    ),
    "end_identity": Act(
        "DELETE",
        "/console/identities/{number}",
        "/console/identities",
        row={"number": "identity_id"},
        when={"ended_at": ("",)},
        grave=True,
    ),
}


def _terminal(path: str, **more: Any) -> Act:
    return _post("/console/terminals/{terminal_id}/" + path, "/console/terminals", row=_same("terminal_id"), **more)


_TERMINALS = {
    "enrol_terminal": _post(
        "/console/enrolments", "/console/enrolments", shows=("enrolment_id", "code", "centre_public_key", "expires_at")
    ),
    "approve_enrolment": _post(
        "/console/enrolments/{enrolment_id}/approval",
        "/console/enrolments",
        row=_same("enrolment_id"),
        when={"approved_by": ("",)},
    ),
    "name_terminal": _terminal("name", when=_state("active", "suspended")),
    "move_terminal": _terminal("canteen", when=_state("active")),
    "suspend_terminal": _terminal("suspension", when=_state("active"), grave=True),
    "resume_terminal": _terminal("resumption", when=_state("suspended")),
    "revoke_terminal": _terminal("revocation", when=_state("active", "suspended"), grave=True),
    "make_sheet": _post(
        "/terminals/sheets", "/console/sheets", shows=("sheet_id", "short", "url"), leads_to="print_sheet"
    ),
    "replace_sheet": _post(
        "/terminals/sheets/{sheet_id}/replacements",
        "/console/sheets",
        row=_same("sheet_id"),
        shows=("sheet_id", "short", "url"),
        leads_to="print_sheet",
    ),
    "revoke_sheet": Act(
        "DELETE",
        "/terminals/sheets/{sheet_id}",
        "/console/sheets",
        row=_same("sheet_id"),
        when=_state("active"),
        grave=True,
    ),
    "void_at_counter": _post("/terminals/sheet-payments/voids", "/console/sheets", shows=("reversed_fen",)),
    "make_display": _post("/terminals/displays", "/console/displays", shows=("url",)),
    "revoke_display": Act(
        "DELETE",
        "/terminals/displays/{display_id}",
        "/console/displays",
        row=_same("display_id"),
        when={"revoked_at": ("",)},
        grave=True,
    ),
}

_KITCHEN = {
    "publish_menu": Act("PUT", "/dining/canteens/{canteen_id}/menus/{day}/{meal}", "/dining/dishes"),
    "copy_menus": _post("/dining/canteens/{canteen_id}/menu-copies", "/dining/dishes", shows=("copied", "left_out")),
    "publish_menus_by_file": _post(
        "/dining/menu-files", "/dining/dishes", query={"dry-run": "dry_run"}, shows=("menus", "dishes", "changed")
    ),
    "note_booked_covers": _post("/waste/bookings", "/dining/bookings"),
    "tell_attendance": _post("/waste/attendance", "/dining/report-outs"),
    "tell_attendance_by_file": _post("/waste/attendance-files", "/dining/report-outs", shows=("days",)),
    "weigh": _post("/waste/weigh-ins", "/waste/weigh-ins", shows=("received", "new", "implausible")),
    "weigh_by_file": _post("/waste/weigh-in-files", "/waste/weigh-ins", shows=("received", "new", "implausible")),
    "correct_weigh_in": _post("/waste/corrections", "/waste/weigh-ins", row={"replaces": "weigh_in_id"}),
    "add_photos": _post("/waste/weigh-ins/{weigh_in_id}/photos", "/waste/weigh-ins", row=_same("weigh_in_id")),
    "set_kitchen": _post("/waste/kitchens", "/registry/canteens", row=_same("canteen_id")),
    "note_calibration": _post("/waste/calibrations", "/registry/canteens", row=_same("canteen_id")),
    "declare_destinations": _post("/waste/destinations", "/registry/canteens", row=_same("canteen_id")),
    "note_purchases": _post("/waste/purchases", "/waste/materials"),
    "note_stock": _post("/waste/stock-counts", "/waste/materials"),
    "note_collections": _post(
        "/waste/collections", "/waste/materials", needs=(Permission.WEIGH_WASTE, Permission.INSPECT)
    ),
    "note_materials_by_file": _post(
        "/waste/material-files/{kind}",
        "/waste/materials",
        shows=("received", "new"),
        needs=(Permission.WEIGH_WASTE, Permission.INSPECT),
    ),
    "correct_material": _post("/waste/material-corrections", "/waste/materials", row={"replaces": "entry_id"}),
    "evaluate_oneself": _post("/waste/self-evaluations", "/waste/evaluations"),
    "appeal": _post("/waste/appeals", "/waste/evaluations", row=_same("canteen_id", "quarter")),
}


def _of_case(action: CaseAction) -> Act:
    """A step of a case, for those who take it and in the states in which it may be taken."""
    states, _ = TRANSITIONS[action]
    return _post(
        "/waste/cases/{case_id}/{action}",
        "/waste/cases",
        row=_same("case_id"),
        when=_state(*(state for state in CaseState if state in states)),
        fixed={"action": str(action)},
        grave=action is CaseAction.WITHDRAW,
        needs=(Permission(PERMISSIONS[action]),),
    )


_SUPERVISION = {
    "set_food": _post("/waste/foods", "/waste/foods"),
    "review_flag": _post("/waste/flags/{flag_id}/review", "/waste/flags", row=_same("flag_id"), when=_state("open")),
    "open_case": _post("/waste/cases", "/waste/cases"),
    **{f"{action}_case": _of_case(action) for action in CaseAction},
    "draw_sampling_plan": _post("/waste/sampling-plans/{year}", "/waste/inspections", shows=("drawn",)),
    "file_inspection": _post("/waste/inspections", "/waste/inspections"),
    "draw_streams": _post("/waste/reweighings/draws", "/waste/inspections"),
    "note_reweighing": _post("/waste/reweighings", "/waste/inspections"),
    "commit_seed": _post("/waste/reweigh-seeds/{quarter}", "/waste/evaluations", shows=("commitment",)),
    "evaluate_quarter": _post("/waste/evaluations/{quarter}", "/waste/evaluations"),
    "freeze_quarter": _post("/waste/evaluations/{quarter}/freeze", "/waste/evaluations", grave=True),
    "score_evidence": _post("/waste/evidence", "/waste/evaluations", row=_same("canteen_id", "quarter")),
    "decide_appeal": _post(
        "/waste/appeals/{appeal_id}/decision", "/waste/appeals", row=_same("appeal_id"), when=_state("open")
    ),
    "draft_bulletin": _post("/waste/bulletins", "/waste/bulletins"),
    "edit_bulletin": Act(
        "PATCH",
        "/waste/bulletins/{bulletin_id}",
        "/waste/bulletins",
        row=_same("bulletin_id", "version"),
        when=_state("draft"),
        begins=True,
    ),
    "publish_bulletin": _post(
        "/waste/bulletins/{bulletin_id}/publication",
        "/waste/bulletins",
        row=_same("bulletin_id"),
        when=_state("draft"),
        grave=True,
    ),
}


def _get(path: str, place: str, **more: Any) -> Act:
    return Act("GET", path, place, **more)


_DOCUMENTS = {
    "print_sheet": _get(
        "/terminals/sheets/{sheet_id}/pdf",
        "/console/sheets",
        row=_same("sheet_id"),
        query=_same("paper", "code"),
        when=_state("active"),
    ),
    "save_statement": _get(
        "/clearing/cycles/{business_date}/statements/{agency_id}",
        "/clearing/statements",
        row={"business_date": "cycle_date", "agency_id": "agency_id", "format": "format"},
        query={"format": "form"},
        when={"document": ("statement",)},
    ),
    "preview_bulletin": _get(
        "/waste/bulletins/{bulletin_id}/pdf",
        "/waste/bulletins",
        row=_same("bulletin_id"),
    ),
    "name_official": _get(
        "/registry/officials/{holder_id}/name", "/registry/officials", row=_same("holder_id"), shows=("name",)
    ),
    "name_cashier": _get(
        "/console/cashiers/{cashier_id}/name", "/console/cashiers", row=_same("cashier_id"), shows=("name",)
    ),
}

ACTS: Mapping[str, Act] = {
    **_DOCUMENTS,
    **_CLEARING,
    **_MONEY,
    **_NETWORK,
    **_PEOPLE,
    **_USERS,
    **_TERMINALS,
    **_KITCHEN,
    **_SUPERVISION,
}
"""By name; its title is the message ``act.<name>``."""
