/** A receipt by its code or by the beginning of its number: whether it is genuine, and whether this till gave it. */

import { useEffect, useState } from "preact/hooks";
import { dayAndTime, yuan } from "../shared/formats.ts";
import { language } from "../shared/language.ts";
import { NotGenuine } from "../shared/terminal/codes.ts";
import { acceptedKeys } from "../shared/terminal/parameters.ts";
import { RECEIPT_PREFIX, readReceipt, type SignedReceipt } from "../shared/terminal/receipts.ts";
import { Dialog } from "./dialog.tsx";
import type { Payment } from "./payments.ts";
import type { Register } from "./register.ts";
import { PaymentSlip, print } from "./slip.tsx";
import { useRegister } from "./useRegister.ts";
import { say } from "./words.ts";

interface Found {
  readonly receipt: SignedReceipt | null;
  /** Of this shift, where it is one. */
  readonly payment: Payment | null;
}

export function Lookup({ register, close }: { register: Register; close: () => void }) {
  useRegister(register);
  const [found, setFound] = useState<Found | "forged" | "none" | null>(null);
  const look = async (text: string) => setFound(await lookUp(register, text.trim()));
  useEffect(() => {
    if (!register.receipt) return;
    void look(register.receipt);
    register.receipt = "";
  }, [register.receipt]);
  return (
    <Dialog title={say("till.lookup")} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void look(String(new FormData(event.currentTarget as HTMLFormElement).get("code")));
        }}
      >
        <label>
          {say("till.lookup.code")}
          <input name="code" autocomplete="off" spellcheck={false} required />
        </label>
        <button type="submit" class="primary">
          {say("till.lookup.do")}
        </button>
      </form>
      {found === "forged" && (
        <p class="notice danger" role="alert">
          {say("till.lookup.forged")}
        </p>
      )}
      {found === "none" && (
        <p class="notice" role="alert">
          {say("till.lookup.none")}
        </p>
      )}
      {found && typeof found === "object" && <Shown register={register} found={found} />}
    </Dialog>
  );
}

function Shown({ register, found: { receipt, payment } }: { register: Register; found: Found }) {
  const amountFen = receipt ? receipt.cash_fen + receipt.subsidy_fen + receipt.host_fen : (payment?.amountFen ?? 0);
  return (
    <div role="status">
      {receipt && <p class="notice">{say("till.lookup.genuine")}</p>}
      <dl>
        {receipt && (
          <>
            <dt>{say("till.lookup.canteen")}</dt>
            <dd lang="zh-Hans-CN">{receipt.canteen_zh}</dd>
            <dt>{say("till.lookup.payer")}</dt>
            <dd lang="zh-Hans-CN">{receipt.payer_zh}</dd>
          </>
        )}
        <dt>{say("till.payment.at")}</dt>
        <dd>{dayAndTime(receipt?.purchased_at ?? payment?.purchasedAt ?? 0, language)}</dd>
        <dt>{say("till.payment.amount")}</dt>
        <dd>¥ {yuan(amountFen)}</dd>
        <dt>{say("till.payment.number")}</dt>
        <dd>{receipt?.number ?? payment?.number}</dd>
        <dt>{say("till.payment.outcome")}</dt>
        <dd>{payment ? say(`till.outcome.${payment.outcome}`) : say("till.lookup.elsewhere")}</dd>
      </dl>
      {payment && (
        <button
          type="button"
          class="plain"
          onClick={() => print(<PaymentSlip register={register} payment={payment} />)}
        >
          {say("till.act.print")}
        </button>
      )}
    </div>
  );
}

async function lookUp(register: Register, text: string): Promise<Found | "forged" | "none"> {
  const ours = (number: string) => register.payments.find((one) => one.number !== "" && one.number.startsWith(number));
  if (!text.startsWith(RECEIPT_PREFIX)) {
    // From an address, or typed: six characters are few enough to type and enough to find one.
    const number = text.split("/").at(-1)?.toLowerCase() ?? "";
    const payment = number.length >= 6 ? ours(number) : undefined;
    return payment ? { receipt: null, payment } : "none";
  }
  try {
    const keys = acceptedKeys(register.parameters?.centre_keys ?? [], register.terminal.now());
    const receipt = await readReceipt(keys.values(), text);
    return { receipt, payment: ours(receipt.number) ?? null };
  } catch (error) {
    if (error instanceof NotGenuine) return "forged";
    throw error;
  }
}
