/** Who stands at a till: what the centre answers to a cashier's sign-on (section 7.4 of the page). */

/** `until`: when the sign-on ends at the latest, in seconds since 1970; a till without a network goes on until then. */
export interface Cashier {
  readonly cashier_id: number;
  readonly name: string;
  readonly language: string;
  /** `charge`, `void`, `close_shift`; a later centre may know more. */
  readonly may: readonly string[];
  readonly until: number;
}

export type CashierAnswer =
  | { readonly outcome: "signed_on"; readonly cashier: Cashier }
  | {
      readonly outcome: "refused";
      /** `pin_is_first`: ask for a new PIN and send both. A later centre may know more. */
      readonly reason: string;
      readonly title_zh?: string;
      readonly title_en?: string;
      readonly advice_zh?: string;
      readonly advice_en?: string;
    };

/** The outcome in a signed answer's body; null for one that this client does not know, which signs nobody on. */
export function readCashierAnswer(body: string): CashierAnswer | null {
  const answer = JSON.parse(body) as Partial<CashierAnswer> & { cashier?: Partial<Cashier>; reason?: unknown };
  if (answer.outcome === "refused") return typeof answer.reason === "string" ? (answer as CashierAnswer) : null;
  const { cashier } = answer;
  const isWhole =
    Number.isSafeInteger(cashier?.until) && typeof cashier?.name === "string" && Array.isArray(cashier.may);
  return answer.outcome === "signed_on" && isWhole ? (answer as CashierAnswer) : null;
}
