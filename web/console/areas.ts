/** Where in the menu a list stands. What the centre does not describe to a person is not in his menu. */

import type { Source } from "./words.ts";

/** Texts without a placeholder. */
type Text = Extract<keyof Source, `console.area.${string}` | PageTitle>;
type PageTitle = "live.weighing" | "live.evaluations" | "live.integrity" | "live.reconciliation" | "live.approvals";

export interface Area {
  readonly title: Text;
  /** Roles that do their work here: it is open for them from the start. */
  readonly roles: readonly string[];
  readonly lists: readonly string[];
  /** Pages of the console that are no lists: address, the permission that each is for, its title. */
  readonly views?: readonly (readonly [string, string, Text])[];
  /** Pages beside the console: address, the permission that each is for, its title. */
  readonly pages: readonly (readonly [string, string, Text])[];
}

export const AREAS: readonly Area[] = [
  {
    title: "console.area.canteen",
    roles: ["canteen_manager"],
    views: [
      ["/today", "see_waste", "console.area.today"],
      ["/cases", "rectify", "console.area.to_answer"],
      ["/kitchen", "see_waste", "console.area.kitchen"],
      ["/menus", "see_registry", "console.area.menus"],
    ],
    lists: [
      "/dining/dishes",
      "/settlement/tariffs",
      "/dining/bookings",
      "/dining/report-outs",
      "/waste/weigh-ins",
      "/waste/materials",
      "/console/cashiers",
      "/console/cashier-sign-ons",
      "/settlement/shifts",
      "/settlement/shift-closings",
      "/console/sheets",
      "/console/displays",
    ],
    pages: [["/weighing", "weigh_waste", "live.weighing"]],
  },
  {
    title: "console.area.evaluation",
    roles: ["supervisor"],
    views: [
      ["/evaluation", "see_waste", "console.area.waste"],
      ["/cases", "see_inspections", "console.area.cases"],
      ["/inspections", "see_inspections", "console.area.inspections"],
      ["/bulletins", "see_bulletin_drafts", "console.area.bulletins"],
      ["/savings", "see_clearing", "console.area.savings"],
    ],
    lists: [
      "/waste/evaluations",
      "/waste/flags",
      "/waste/cases",
      "/waste/appeals",
      "/waste/inspections",
      "/waste/bulletins",
      "/waste/foods",
    ],
    pages: [
      ["/evaluations", "see_waste", "live.evaluations"],
      ["/integrity", "see_flags", "live.integrity"],
    ],
  },
  {
    title: "console.area.finance",
    roles: ["agency_finance"],
    views: [["/books", "see_payments", "console.area.books"]],
    lists: [
      "/settlement/payments",
      "/console/sheet-payments",
      "/settlement/movements",
      "/settlement/top-ups",
      "/settlement/grants",
      "/settlement/grant-files",
      "/settlement/refunds",
      "/settlement/gateway-orders",
      "/clearing/receptions",
    ],
    pages: [],
  },
  {
    title: "console.area.clearing",
    roles: ["centre_operator", "centre_approver"],
    views: [
      ["/night", "see_clearing", "console.area.night"],
      ["/approvals-inbox", "see_approvals", "live.approvals"],
    ],
    lists: [
      "/clearing/cycles",
      "/clearing/positions",
      "/clearing/statements",
      "/clearing/disputes",
      "/clearing/differences",
      "/clearing/bank-files",
      "/clearing/bank-entries",
    ],
    pages: [["/reconciliation", "see_clearing", "live.reconciliation"]],
  },
  {
    title: "console.area.administration",
    roles: ["agency_admin"],
    lists: [
      "/registry/regions",
      "/registry/agencies",
      "/registry/canteens",
      "/registry/officials",
      "/registry/credentials",
      "/registry/rosters",
      "/registry/visits",
      "/registry/visit-requests",
      "/console/users",
      "/console/machines",
      "/console/identities",
      "/console/terminals",
      "/console/enrolments",
      "/settlement/rules",
      "/settlement/agreements",
      "/console/approvals",
    ],
    pages: [],
  },
  {
    title: "console.area.audit",
    roles: ["auditor"],
    lists: ["/console/audit-entries"],
    views: [["/audit", "see_clearing", "console.area.proofs"]],
    pages: [],
  },
];
