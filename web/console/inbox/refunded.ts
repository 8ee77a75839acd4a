/** Of the payment that a refund is about: what was paid, and what is given back already. */

import { useQuery } from "@tanstack/react-query";
import { centre, held } from "../centre.ts";
import { useSession } from "../session.tsx";
import type { Asked } from "./inbox.tsx";

export interface Refunded {
  readonly paidFen: number;
  readonly backFen: number;
}

const PARTS_MAX = 500;

async function readRefunded(posting: string): Promise<Refunded> {
  const read = async (query: { posting_id: string } | { reverses: string }) => {
    const found = await held(centre.GET("/settlement/payments", { params: { query: { ...query, limit: PARTS_MAX } } }));
    return found.items.reduce((sum, one) => sum + one.amount_fen, 0);
  };
  return { paidFen: await read({ posting_id: posting }), backFen: await read({ reverses: posting }) };
}

export function useRefunded(asked: Asked) {
  const canSee = useSession().permissions.has("see_payments");
  const posting = asked.kind === "refund" ? String(asked.body?.payment) : "";
  return useQuery({
    queryKey: ["refunded", posting],
    enabled: posting !== "" && canSee && asked.state === "pending",
    queryFn: () => readRefunded(posting),
  });
}
