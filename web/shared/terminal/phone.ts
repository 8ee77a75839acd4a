/** An official's phone (section 9 of the page): its certificate, its codes, and what was charged to its holder. */

import { type Bytes, equal, fromBase64url, toBase64url, utf8 } from "./bytes.ts";
import { LIMIT_FEN, makeCode, type Token } from "./codes.ts";
import type { Store } from "./journal.ts";
import { type KeyAlgorithm, newSigningKey, type SigningKey } from "./keys.ts";
import { Link, post, send } from "./messages.ts";
import { checkForm } from "./requests.ts";
import { makeShortCode, SHORT_COUNTER_MAX, SHORT_PAYS_WITHIN_S } from "./shortCodes.ts";
import type { Answered } from "./signatures.ts";
import { fetchTransport, type Transport } from "./transport.ts";

/** Counters that a phone skips when its certificate is renewed: at most so many, at random. */
export const SKIPPED_MAX = 100_000;

/** So far the time of a change may be ahead of the centre's, in seconds: within what the centre takes (300). */
const CHANGES_AHEAD_S = 240;

/** How long after its issue a long code may reach the centre: a minute until it is scanned, and a till's resends. */
const LONG_PAYS_WITHIN_S = 60 + 24 * 3600;

export interface PhoneSetup {
  /** Of the centre; in a browser `location.origin`. */
  readonly origin: string;
  readonly store: Store;
  /** Of the phone's key; where a browser has no Ed25519, `ecdsa-p256-sha256`. Default: `ed25519`. */
  readonly algorithm?: KeyAlgorithm;
  /** Default: `fetch`. */
  readonly transport?: Transport;
  /** Default: a key of this algorithm that cannot be read out. */
  readonly newKey?: (algorithm: KeyAlgorithm) => Promise<SigningKey>;
}

/** What the holder allows with a code. */
export interface Allowed {
  /** The only canteen where it pays; null: any that has a network. */
  readonly canteenId: number | null;
  /** The most that the payment may be, in fen; default: 100 yuan; null: any amount. */
  readonly limitFen?: number | null;
}

/** Money in fen, times in seconds since 1970. */
export interface Account {
  readonly cash_fen: number;
  readonly subsidy_fen: number;
  /** Of a month, latest first. `late`: it reached the centre long after its purchase. */
  readonly payments: readonly {
    readonly number: string;
    readonly kind: string;
    readonly channel: string;
    readonly meal: string;
    readonly canteen_zh: string;
    readonly canteen_en: string;
    readonly purchased_at: number;
    readonly posted_at: number;
    readonly late: boolean;
    readonly amount_fen: number;
    readonly given_back_fen: number;
  }[];
  /** Every card and phone that was issued for the holder. */
  readonly credentials: readonly {
    readonly credential_id: number;
    readonly kind: string;
    readonly state: string;
    readonly issued_at: number;
  }[];
}

/** Money in fen, times in seconds since 1970. */
export interface TopUp {
  readonly order_id: string;
  readonly state: "open" | "paid" | "expired" | "returned";
  readonly amount_fen: number;
  readonly expires_at: number;
  /** For the payer, while the state is `open`. */
  readonly pay_url: string | null;
}

interface Issued {
  readonly certificate: string;
  readonly reference: string;
  readonly credential_id: number;
  readonly expires_at: number;
}

/** Made, and perhaps sent: the certificate of an activation has not come. */
interface Activation {
  readonly activationId: number;
  readonly key: SigningKey;
}

interface Identity {
  readonly key: SigningKey;
  readonly certificate: Bytes;
  readonly reference: Bytes;
  readonly credentialId: number;
  readonly expiresAt: number;
  /** The centre's clock minus ours, in seconds. */
  readonly clockAheadS: number;
}

/** Counters that were given out. */
interface Counted {
  readonly last: number;
  /** Until when the centre may still take a code that was shown, seconds since 1970. */
  readonly arrivesUntil: number;
}

export class Phone {
  readonly #store: Store;
  readonly #link: Link;
  #identity: Identity;

  private constructor(store: Store, link: Link, identity: Identity) {
    this.#store = store;
    this.#link = link;
    this.#identity = identity;
    link.clock.aheadS = identity.clockAheadS;
  }

  /** Redeem an activation code for this store's phone; throws OutcomeUnknown or Rejected. */
  static async activate(setup: PhoneSetup, activationId: number, code: string): Promise<Phone> {
    const phone = await Phone.redeem(setup, activationId, code);
    await phone.keep();
    return phone;
  }

  /**
   * Redeem an activation code, and leave the store's phone as it is until `keep`: what the code makes of it can be
   * looked at before. Throws OutcomeUnknown or Rejected.
   *
   * The key is in the store before it is sent: after a lost answer the same call gets the certificate. Counters go on:
   * a phone that is activated anew uses none twice.
   */
  static async redeem(setup: PhoneSetup, activationId: number, code: string): Promise<Phone> {
    const link = linkOf(setup);
    const begun = (await setup.store.read("activation")) as Activation | undefined;
    const isBegun = begun?.activationId === activationId;
    const key = isBegun ? begun.key : await (setup.newKey ?? newSigningKey)(setup.algorithm ?? "ed25519");
    if (!isBegun) await setup.store.write("activation", { activationId, key } satisfies Activation);
    const { publicKey } = key;
    const message = {
      activation_id: activationId,
      code,
      public_key: toBase64url(publicKey.bytes),
      algorithm: publicKey.algorithm,
    };
    checkForm("activation", message);
    const identity = await ask(link, "/phone/certificates", message, key);
    return new Phone(setup.store, link, identity);
  }

  /** Make this the phone of its store, in place of the one before. */
  keep(): Promise<void> {
    return this.#store.write("phone", this.#identity);
  }

  /** The phone of this store; null when none was activated. Needs no network. */
  static async open(setup: PhoneSetup): Promise<Phone | null> {
    const kept = (await setup.store.read("phone")) as Identity | undefined;
    if (!kept) return null;
    return new Phone(setup.store, linkOf(setup), kept);
  }

  /** When the certificate ends, seconds since 1970: renew it daily. */
  get expiresAt(): number {
    return this.#identity.expiresAt;
  }

  get credentialId(): number {
    return this.#identity.credentialId;
  }

  /**
   * Get a fresh certificate and reference for the same key; throws OutcomeUnknown or Rejected.
   *
   * Counters are skipped: they would tell that codes from before and after are of one phone. Not while a code that was
   * shown may still reach the centre: its counter would be too far below the latest.
   */
  async renew(): Promise<void> {
    const message = { certificate: this.#certificate };
    const identity = await ask(this.#link, "/phone/certificates/renewals", message, this.#identity.key);
    if (!equal(identity.reference, this.#identity.reference)) await this.#count((now) => skipped(now, this.now()));
    await this.#store.write("phone", identity);
    this.#identity = identity;
  }

  /** What was charged to the holder, and what was issued for him; throws OutcomeUnknown or Rejected. */
  async account(): Promise<Account> {
    return (await this.#send("/phone/account", { certificate: this.#certificate })) as Account;
  }

  /**
   * Open a top-up, or ask for its state; throws OutcomeUnknown or Rejected, and RangeError for another form.
   *
   * `orderId`: a UUID of the phone's own, kept before this is called: the same one never opens a second order.
   */
  async topUp(orderId: string, amountFen: number): Promise<TopUp> {
    const message = { certificate: this.#certificate, order_id: orderId, amount_fen: amountFen };
    checkForm("top_up", message);
    return (await this.#send("/phone/top-ups", message)) as TopUp;
  }

  /**
   * Ask one of the routes below `/me` for the holder; throws OutcomeUnknown or Rejected.
   *
   * `path`: with its query, as `URLSearchParams` writes it. `message`: the body of a change. Returns the answer's JSON,
   * null where there is none.
   */
  async ask(method: "GET" | "POST" | "PUT" | "DELETE", path: string, message?: object): Promise<unknown> {
    const mark = path.indexOf("?");
    const bare = mark < 0 ? path : path.slice(0, mark);
    const body = message === undefined ? new Uint8Array() : utf8(JSON.stringify(message));
    const asked = { method, path: bare, query: path.slice(bare.length), certificate: this.#certificate, body };
    const { answer, text } = await send(this.#link, asked, this.#identity.key, "phone", null, (now) =>
      method === "GET" ? now : this.#changeAt(now),
    );
    setClock(this.#link, answer);
    return text === "" ? null : JSON.parse(text);
  }

  /** When a change is signed: of two with one time and content the centre takes the second for a copy. */
  #changeAt(now: number): Promise<number> {
    return alone(async () => {
      const last = ((await this.#store.read("changed")) as number | undefined) ?? 0;
      // After a clock that was far ahead, time counts again.
      const at = last > now + CHANGES_AHEAD_S ? now : Math.max(now, last + 1);
      await this.#store.write("changed", at);
      return at;
    });
  }

  get #certificate(): string {
    return toBase64url(this.#identity.certificate);
  }

  async #send(path: string, message: object): Promise<unknown> {
    const body = utf8(JSON.stringify(message));
    const { answer, text } = await post(this.#link, path, body, this.#identity.key, "phone", null);
    setClock(this.#link, answer);
    return JSON.parse(text);
  }

  /** A fresh short code, for a till with a network. Throws RangeError for a limit above 16,777,215 fen. */
  async shortCode(allowed: Allowed): Promise<string> {
    const { reference, key } = this.#identity;
    return makeShortCode(reference, key, await this.#token(allowed, SHORT_PAYS_WITHIN_S));
  }

  /** A fresh long code, which a till of the canteen can take without a network. */
  async longCode(allowed: Allowed): Promise<string> {
    const { certificate, key } = this.#identity;
    const isLateAllowed = allowed.canteenId !== null;
    return makeCode(
      certificate,
      key,
      await this.#token(allowed, isLateAllowed ? LONG_PAYS_WITHIN_S : SHORT_PAYS_WITHIN_S),
    );
  }

  async #token(allowed: Allowed, paysWithinS: number): Promise<Token> {
    const issuedAt = this.now();
    const counter = await this.#count(({ last, arrivesUntil }) => ({
      last: last + 1,
      arrivesUntil: Math.max(arrivesUntil, issuedAt + paysWithinS),
    }));
    const { canteenId, limitFen = LIMIT_FEN } = allowed;
    return { issuedAt, counter, canteenId, limitFen };
  }

  /** The centre's time by the phone's clock, seconds since 1970. */
  now(): number {
    return this.#link.clock.now();
  }

  /** Count on; what was counted is stored before it is shown: no two codes have the same counter. */
  #count(on: (now: Counted) => Counted): Promise<number> {
    return alone(async () => {
      const counted = on(await countedIn(this.#store));
      await this.#store.write("counter", counted);
      return counted.last;
    });
  }
}

function linkOf(setup: PhoneSetup): Link {
  return new Link(setup.origin, setup.transport ?? fetchTransport(setup.origin));
}

let last: Promise<unknown> = Promise.resolve();

/** Do work that reads and writes the store while nobody else does: no other call, and in a browser no other tab. */
function alone<Result>(work: () => Promise<Result>): Promise<Result> {
  const next = last.then(() =>
    globalThis.navigator?.locks ? navigator.locks.request("onecard-phone", work) : work(),
  ) as Promise<Result>;
  last = next.catch(() => undefined);
  return next;
}

/** Codes and payments hold for a minute: they are dated by the centre's clock, which every answer tells. */
function setClock(link: Link, answer: Answered): void {
  const date = Date.parse(answer.fields.date ?? "");
  if (Number.isFinite(date)) link.clock.set(date / 1000);
}

async function countedIn(store: Store): Promise<Counted> {
  return ((await store.read("counter")) as Counted | undefined) ?? { last: 0, arrivesUntil: 0 };
}

/** A random number of counters later; none while a code may still arrive, or if short codes could not hold them. */
function skipped(counted: Counted, now: number): Counted {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  const last = counted.last + 1 + (random % SKIPPED_MAX);
  return now > counted.arrivesUntil && last < SHORT_COUNTER_MAX ? { ...counted, last } : counted;
}

async function ask(link: Link, path: string, message: object, key: SigningKey): Promise<Identity> {
  const { answer, text } = await post(link, path, utf8(JSON.stringify(message)), key, "phone", null);
  const issued = JSON.parse(text) as Issued;
  setClock(link, answer);
  return {
    key,
    certificate: fromBase64url(issued.certificate),
    reference: fromBase64url(issued.reference),
    credentialId: issued.credential_id,
    expiresAt: issued.expires_at,
    clockAheadS: link.clock.aheadS,
  };
}
