/**
 * The forms of the messages that terminals and phones send (sections 4 to 9 and 11 of the page). A message of another
 * form is refused by the centre for good; it is not signed, and uses up no number.
 */

import { fromBase64url } from "./bytes.ts";
import { isOneLine, type SaleLine, wrongLines } from "./saleLines.ts";

/** Where a value is wrong, as a JSON Pointer (RFC 6901); null when it is right. */
type Rule = (value: unknown, at: string) => string | null;

const NUMBER_MAX = Number.MAX_SAFE_INTEGER;
const TIME_MAX_S = 2 ** 34;
/** Numbers of one shift. */
const SHIFT_NUMBERS_MAX = 10_000;
const AMOUNT_MAX_FEN = 1_000_000;
const REASON_CHARACTERS_MAX = 100;

function holds(test: (value: unknown) => boolean): Rule {
  return (value, at) => (test(value) ? null : at);
}

/** A whole number within limits. */
function integer(least: number, most: number): Rule {
  return holds((value) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most);
}

function text(pattern: RegExp): Rule {
  return holds((value) => typeof value === "string" && pattern.test(value));
}

/** Bytes in base64url, in their one spelling. */
function bytes(...lengths: number[]): Rule {
  return holds((value) => {
    try {
      return typeof value === "string" && lengths.includes(fromBase64url(value).length);
    } catch {
      return false;
    }
  });
}

function optional(rule: Rule): Rule {
  return (value, at) => (value === undefined ? null : rule(value, at));
}

function list(rule: Rule, least: number, most: number): Rule {
  return (value, at) => {
    if (!Array.isArray(value) || value.length < least || value.length > most) return at;
    return firstWrong(value.map((member, n) => rule(member, `${at}/${n}`)));
  };
}

/** An object of these members and no other; `whole`: what is to hold of them together. */
function object(members: Record<string, Rule>, whole: (value: Record<string, unknown>) => boolean = () => true): Rule {
  return (value, at) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return at;
    const given = value as Record<string, unknown>;
    const unknown = Object.keys(given).find((name) => !Object.hasOwn(members, name));
    if (unknown !== undefined) return `${at}/${unknown}`;
    const wrong = firstWrong(Object.entries(members).map(([name, rule]) => rule(given[name], `${at}/${name}`)));
    return wrong ?? (whole(given) ? null : at);
  };
}

function firstWrong(found: (string | null)[]): string | null {
  return found.find((one) => one !== null) ?? null;
}

const number = integer(1, NUMBER_MAX);
const shiftCount = integer(0, SHIFT_NUMBERS_MAX);
const shiftFen = integer(0, SHIFT_NUMBERS_MAX * AMOUNT_MAX_FEN);
const epoch = integer(1, 2 ** 31 - 1);
const time = integer(0, TIME_MAX_S);
const version = integer(1, 255);
const isTrue = holds((value) => value === true);
const code = text(/^[A-Z2-7]{16}$/);
/** Visible, and without a space at either end. */
const deviceText = text(/^[!-~](?:[ -~]{0,62}[!-~])?$/);
/** The operator's own numbers or short codes, no names. */
const operator = text(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,30}[A-Za-z0-9])?$/);
const pin = text(/^[0-9]{6}$/);
const date = holds((value) => typeof value === "string" && isDate(value));

function isDate(value: string): boolean {
  const parsed = new Date(`${value}T00:00:00Z`);
  return (
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value) &&
    !Number.isNaN(parsed.getTime()) &&
    parsed.toISOString().startsWith(value)
  );
}

const card = object({
  uid: text(/^[0-9a-fA-F]{14}$/),
  key_version: version,
  book: integer(1, 2 ** 31 - 1),
  agency_id: integer(1, 2 ** 32 - 1),
  holder_id: integer(1, 2 ** 48 - 1),
  credential_id: integer(1, 2 ** 48 - 1),
  counter: number,
  session_id: bytes(16),
  mac: bytes(16),
});

const day = object(
  {
    business_date: date,
    online: shiftCount,
    online_fen: shiftFen,
    stored: shiftCount,
    stored_fen: shiftFen,
    reversals: shiftCount,
    reversed_fen: shiftFen,
  },
  isPossible,
);

const certificate: Rule = (value, at) => {
  const length = typeof value === "string" ? Math.floor((value.length * 3) / 4) : 0;
  return length >= 48 && length <= 300 ? bytes(length)(value, at) : at;
};

const FORMS = {
  enrolment: object({ enrolment_id: number, code, public_key: bytes(32), centre_key: version }),
  sign_on: object({
    suite: text(/^[A-Z0-9](?:[A-Z0-9-]{0,62}[A-Z0-9])?$/),
    protocols: list(integer(1, 999), 1, 16),
    terminal_id: number,
    ephemeral: bytes(32),
    centre_key: version,
    device: object({ software: deviceText, model: deviceText, serial: deviceText }),
  }),
  key_renewal: object({ terminal_id: number, public_key: bytes(32), proof: bytes(64), centre_key: version }),
  charge: object(
    {
      meal: text(/^(?:breakfast|lunch|dinner)$/),
      purchased_at: time,
      amount_fen: optional(integer(1, AMOUNT_MAX_FEN)),
      lines: optional(holds(Array.isArray)),
      working_meal: optional(isTrue),
      card: optional(card),
      qr: optional(holds((value) => typeof value === "string" && value.length <= 4_296)),
    },
    (charge) => (charge.card === undefined) !== (charge.qr === undefined) && areRight(charge.lines, charge.amount_fen),
  ),
  payment: object({
    epoch,
    sequence: number,
    sheet: holds((value) => typeof value === "string" && value.length <= 200),
    canteen_id: number,
    meal: text(/^(?:breakfast|lunch|dinner)$/),
    amount_fen: integer(1, AMOUNT_MAX_FEN),
    purchased_at: time,
    place: optional(
      object({
        latitude: holds((value) => typeof value === "number" && Math.abs(value) <= 90),
        longitude: holds((value) => typeof value === "number" && Math.abs(value) <= 180),
        accuracy_m: integer(0, 100_000),
      }),
    ),
    no_place: optional(text(/^(?:denied|unknown)$/)),
  }),
  void: object({ target_epoch: epoch, target_sequence: number }),
  sheet_void: object({
    short_number: text(/^[0-9a-f]{6,12}$/i),
    reason: holds((value) => isOneLine(value, REASON_CHARACTERS_MAX)),
  }),
  cashier_sign_on: object({ cashier: text(/^[0-9]{3,8}$/), pin, new_pin: optional(pin) }),
  shift_opening: object({ cashier: operator, drawer: operator, opened_at: time }),
  shift_closing: object(
    {
      terminal_id: number,
      epoch,
      shift: number,
      last_sequence: number,
      cashier: operator,
      drawer: operator,
      opened_at: time,
      closed_at: time,
      unknown: shiftCount,
      days: list(day, 0, 31),
      journal_head: bytes(32),
      centre_key: version,
    },
    isShift,
  ),
  activation: object(
    {
      activation_id: number,
      code,
      public_key: bytes(32, 33),
      algorithm: optional(text(/^(?:ed25519|ecdsa-p256-sha256)$/)),
    },
    isKeyOfItsAlgorithm,
  ),
  certificate: object({ certificate }),
  top_up: object({
    certificate,
    order_id: text(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i),
    amount_fen: integer(1, AMOUNT_MAX_FEN),
  }),
};

export type MessageKind = keyof typeof FORMS;

function areRight(lines: unknown, amountFen: unknown): boolean {
  return lines === undefined || wrongLines(lines as SaleLine[], amountFen as number | undefined) === null;
}

/** No payment is larger than a charge may be. */
function isPossible(day: Record<string, unknown>): boolean {
  const [online, stored, reversals] = [day.online, day.stored, day.reversals].map(Number) as [number, number, number];
  return (
    Number(day.online_fen) <= online * AMOUNT_MAX_FEN &&
    Number(day.stored_fen) <= stored * AMOUNT_MAX_FEN &&
    Number(day.reversed_fen) <= reversals * AMOUNT_MAX_FEN
  );
}

function isShift(closing: Record<string, unknown>): boolean {
  const { shift, last_sequence: last, opened_at: opened, closed_at: closed } = closing as Record<string, number>;
  const dates = (closing.days as { business_date: string }[]).map((one) => one.business_date);
  return (
    Number(last) >= Number(shift) &&
    Number(last) < Number(shift) + SHIFT_NUMBERS_MAX &&
    Number(closed) >= Number(opened) &&
    dates.every((one, at) => at === 0 || (dates[at - 1] ?? "") < one)
  );
}

function isKeyOfItsAlgorithm(activation: Record<string, unknown>): boolean {
  const key = fromBase64url(String(activation.public_key));
  if (activation.algorithm !== "ecdsa-p256-sha256") return key.length === 32;
  return key.length === 33 && (key[0] === 2 || key[0] === 3);
}

/** Where a message is not of its form, as a JSON Pointer; null when it is. */
export function wrongMember(kind: MessageKind, message: unknown): string | null {
  return FORMS[kind](message, "");
}

/** Throw RangeError for a message that the centre would refuse for its form. */
export function checkForm(kind: MessageKind, message: object): void {
  const wrong = wrongMember(kind, message);
  if (wrong !== null) throw new RangeError(`${kind}: ${wrong || "its members"} must not be so`);
}
