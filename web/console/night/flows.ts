/** Who pays whom in a cycle: before netting agency by agency, after it through the centre alone. Money in fen. */

import type { components } from "../../shared/api/schema.ts";

export type Position = components["schemas"]["PositionInfo"];
export type Owed = components["schemas"]["Owed"];

export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly fen: number;
}

/** More lines than these are no picture. */
export const FLOWS_MAX = 60;

/** What agencies owe each other, the largest first; what was given back flows the other way. */
export function before(owed: readonly Owed[], name: (agency: number) => string): Flow[] {
  return owed
    .filter((one) => one.issuer_id !== one.acquirer_id && one.amount_fen !== 0)
    .map((one) => {
      const [from, to] = one.amount_fen > 0 ? [one.issuer_id, one.acquirer_id] : [one.acquirer_id, one.issuer_id];
      return { from: name(from), to: name(to), fen: Math.abs(one.amount_fen) };
    })
    .sort((a, b) => b.fen - a.fen);
}

/** What moves: from those who owe more than they get to the centre, from there to the others. */
export function after(positions: readonly Position[], name: (agency: number) => string, centre: string): Flow[] {
  return positions
    .filter((one) => one.position_fen !== 0)
    .map((one) => {
      const agency = name(one.agency_id);
      const fen = Math.abs(one.position_fen);
      return one.position_fen < 0 ? { from: agency, to: centre, fen } : { from: centre, to: agency, fen };
    })
    .sort((a, b) => b.fen - a.fen);
}

export function total(flows: readonly Flow[]): number {
  return flows.reduce((sum, flow) => sum + flow.fen, 0);
}
