/** A centre that answers as a test says, signed as the real one signs: for what the real one seldom does. */

import { type Bytes, fromBase64url, fromUtf8, toBase64url, utf8 } from "../bytes.ts";
import { type Entry, MemoryJournal, MemoryStore, type Operation } from "../journal.ts";
import { newSigningKey, type SigningKey } from "../keys.ts";
import type { CentreKey, Parameters } from "../parameters.ts";
import { agreeKey, newEphemeral, SUITE } from "../session.ts";
import { type Answered, hmacSigner, keySigner, type Signer } from "../signatures.ts";
import { type Setup, Terminal } from "../terminal.ts";
import type { Sent } from "../transport.ts";
import { signAnswer } from "./centre.ts";

/** What a message is answered: an answer, signed unless it says otherwise; null for none. */
export interface Reply {
  readonly status: number;
  readonly body: object | string;
  readonly unsigned?: true;
  readonly fields?: Record<string, string>;
  /** Signed, and then altered. */
  readonly forged?: true;
}

export type Script = (message: Sent, text: string) => Reply | null | Promise<Reply | null>;

export class FakeCentre {
  readonly keys = new Map<number, SigningKey>();
  /** Each message, in the order of their arrival. */
  readonly received: { path: string; body: string; requestId: string | undefined; created: number }[] = [];
  /** What the next messages are answered, sign-ons and enrolments apart. */
  script: Script = () => null;
  /** What sign-ons and enrolments are answered instead of the usual; undefined for the usual. */
  opening: Script | undefined;
  /** The centre's clock minus the device's, in seconds. */
  aheadS = 0;
  highestSequence = 0;
  centreKeys: CentreKey[] = [];
  keyRenewAt = Number.MAX_SAFE_INTEGER;
  #session: { id: string; key: CryptoKey } | null = null;
  #sessions = 0;

  static async start(): Promise<FakeCentre> {
    const centre = new FakeCentre();
    await centre.addKey(1, { valid_from: 0 });
    return centre;
  }

  async addKey(version: number, validity: { valid_from: number; valid_until?: number }): Promise<void> {
    const key = await newSigningKey();
    this.keys.set(version, key);
    this.centreKeys.push({ version, public_key: toBase64url(key.publicKey.bytes), ...validity });
  }

  now(): number {
    return Math.floor(Date.now() / 1000) + this.aheadS;
  }

  slip() {
    const [{ version, public_key } = { version: 0, public_key: "" }] = this.centreKeys;
    return { enrolment_id: 1, code: "A".repeat(16), centre_public_key: public_key, centre_key: version };
  }

  readonly transport = async (message: Sent): Promise<Answered> => {
    const text = fromUtf8(message.body);
    const created = Number(/created=([0-9]+)/.exec(message.fields["signature-input"] ?? "")?.[1]);
    this.received.push({ path: message.path, body: text, requestId: message.fields["onecard-request"], created });
    const usual = this.#usual(message.path);
    const script = usual === undefined ? this.script : (this.opening ?? usual);
    const reply = await script(message, text);
    if (reply === null) throw new TypeError("no network");
    return this.#answer(message, reply);
  };

  #usual(path: string): Script | undefined {
    if (path === "/terminal/enrolments") {
      return () => ({ status: 201, body: { terminal_id: 7, epoch: 1, canteen_id: 1010 } });
    }
    return path === "/terminal/sessions" ? (message, text) => this.signOn(message, text) : undefined;
  }

  async signOn(message: Sent, text: string, changes: object = {}): Promise<Reply> {
    const asked = JSON.parse(text) as { ephemeral: string };
    const ephemeral = await newEphemeral();
    const id = toBase64url(crypto.getRandomValues(new Uint8Array(16)));
    this.#sessions += 1;
    const body = JSON.stringify({
      session_id: id,
      protocol: 2,
      suite: SUITE,
      ephemeral: toBase64url(ephemeral.publicKey),
      epoch: 1,
      highest_sequence: this.highestSequence,
      centre_time: this.now(),
      key_renew_at: this.keyRenewAt,
      parameters_version: "B".repeat(22),
      parameters: this.parameters(),
      ...changes,
    });
    const key = await agreeKey(ephemeral.privateKey, fromBase64url(asked.ephemeral), message.body, utf8(body));
    this.#session = { id, key };
    return { status: 201, body };
  }

  get sessions(): number {
    return this.#sessions;
  }

  parameters(): Parameters {
    return {
      canteen: { canteen_id: 1010, book: 3302, agency_id: 1003, name_zh: "机关食堂", name_en: "Staff canteen" },
      meals: [{ meal: "lunch", starts: "11:00", ends: "13:30" }],
      prices: [{ meal: "lunch", valid_from: "2025-01-01", home_fen: 1000, visitor_fen: 4000 }],
      limits: {
        amount_max_fen: 1_000_000,
        resend_within_s: 86_400,
        purchase_ahead_s: 300,
        code_fresh_s: 60,
        code_ahead_s: 15,
      },
      offline: { late_after_s: 120, payments_max: 3, amount_max_fen: 10_000, block_list_age_max_s: 86_400 },
      refresh_s: 300,
      centre_keys: this.centreKeys,
    };
  }

  async #answer(message: Sent, reply: Reply): Promise<Answered> {
    const body = utf8(typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body));
    if (reply.unsigned) return { status: reply.status, fields: reply.fields ?? {}, body };
    const [keyId, signer] = this.#signerFor(message);
    const by = { blockList: 7, created: this.now(), keyId };
    const fields = { ...(await signAnswer(message.fields, reply.status, body, by, signer)), ...reply.fields };
    return { status: reply.status, fields, body: reply.forged ? altered(body) : body };
  }

  #signerFor(message: Sent): [string, Signer] {
    if (message.fields["onecard-request"] !== undefined) {
      if (!this.#session) throw new Error("no session was opened");
      return [this.#session.id, hmacSigner(this.#session.key)];
    }
    const { centre_key: version = 0 } = JSON.parse(fromUtf8(message.body)) as { centre_key?: number };
    const key = this.keys.get(version);
    if (!key) throw new Error("a version that this centre does not have");
    return [`centre-${version}`, keySigner(key)];
  }
}

function altered(body: Bytes): Bytes {
  return utf8(fromUtf8(body).replace("approved", "refused "));
}

export const RECEIPT = {
  number: "019ab12c-7d1e-7000-8000-0242ac120002",
  amount_fen: 1000,
  business_date: "2025-11-23",
  posted_at: 1_763_870_601,
};
export const APPROVED: Reply = { status: 200, body: { outcome: "approved", receipt: RECEIPT } };

/** A journal that notes what happens to it. */
export class NotingJournal extends MemoryJournal {
  readonly notes: string[] = [];
  /** Writes fail, as on a full disk. */
  isFull = false;

  override async writeAhead(epoch: number, sequence: number, operation: Operation, body: string): Promise<void> {
    await super.writeAhead(epoch, sequence, operation, body);
    this.notes.push(`ahead ${sequence}`);
  }

  protected override async put(entry: Entry): Promise<void> {
    if (this.isFull) throw new DOMException("no space is left", "QuotaExceededError");
    await super.put(entry);
    if (entry.answer !== null) this.notes.push(`answer ${entry.sequence}`);
  }
}

/** What a device at such a centre has; nothing yet. */
export function setupAt(centre: FakeCentre) {
  const journal = new NotingJournal();
  const device = { software: "test 1", model: "test", serial: "1" };
  const { transport } = centre;
  return { origin: "https://centre.example", journal, store: new MemoryStore(), device, transport } satisfies Setup;
}

/** A terminal at such a centre, enrolled. */
export async function terminalAt(centre: FakeCentre) {
  const setup = setupAt(centre);
  return { terminal: await Terminal.enrol(setup, centre.slip()), journal: setup.journal, setup };
}
