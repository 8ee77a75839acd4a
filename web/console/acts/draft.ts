/** What somebody types into a form, what is wrong with it, and the message that it becomes. */

import { yuan } from "../../shared/formats.ts";
import { say } from "../words.ts";
import type { Act, Member } from "./acts.ts";

/** A file as the centre takes it: its content in Base64. */
export interface Kept {
  readonly name: string;
  readonly content: string;
}
export interface Draft {
  readonly [member: string]: Typed;
}
export type Typed = string | boolean | readonly string[] | readonly Kept[] | readonly Draft[];
/** What is wrong, by the place of the member: `meals.0.begins_at`. */
export type Faults = ReadonlyMap<string, string>;
/** What the row says of the members that it says. */
export type Said = Readonly<Record<string, unknown>>;

/** A list of words or numbers of which any may be chosen. */
export function isChosenOf(member: Member): boolean {
  return member.many && (member.choices.length > 0 || numbersOf(member).length > 0);
}

const FEW = 31;

/** All numbers that a member can be, where they are few: the days of a week. */
export function numbersOf(member: Member): string[] {
  const { minimum, maximum } = member;
  if (member.kind !== "number" || minimum == null || maximum == null || maximum - minimum > FEW) return [];
  return Array.from({ length: maximum - minimum + 1 }, (_, index) => String(minimum + index));
}

/** What a value of the API looks like in its field. */
function typed(member: Member, value: unknown): Typed {
  if (value === null || value === undefined) return empty(member);
  if (member.kind === "file") return [];
  if (member.kind === "members" && member.many) {
    return (value as Record<string, unknown>[]).map((one) => begin(member.members, {}, one));
  }
  if (member.many) return (value as unknown[]).map(String);
  if (member.kind === "yes_no") return String(value);
  if (member.kind === "money") return yuan(Number(value)).replaceAll(",", "");
  return String(value);
}

function empty(member: Member): Typed {
  if (member.kind === "members" || member.kind === "by_name") {
    return member.required ? Array.from({ length: member.many_min || 1 }, () => beginOne(member, {})) : [];
  }
  return member.many || member.kind === "file" ? [] : "";
}

/** One entry of a list of members, or of an object with free names. */
export function beginOne(member: Member, said: Said): Draft {
  return member.kind === "by_name"
    ? { name: "", value: empty(member.members[0] as Member) }
    : begin(member.members, said);
}

/** A form as it begins: with what is usual, and with what the row says where the act begins so. */
export function begin(members: readonly Member[], said: Said, row: Said = {}): Draft {
  return Object.fromEntries(
    members.map((member) => {
      if (member.name in said) return [member.name, ""];
      if (member.kind === "own_id") return [member.name, crypto.randomUUID()];
      if (member.kind === "members" && member.required && !(member.name in row)) {
        const least = Array.from({ length: member.many_min || 1 }, () => beginOne(member, said));
        return [member.name, least];
      }
      return [member.name, typed(member, row[member.name] ?? member.default)];
    }),
  );
}

function isEmpty(value: Typed | undefined): boolean {
  return value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}

/** Yuan as they are typed, in fen; NaN for no amount. No binary fraction on the way. */
export function fenOf(text: string): number {
  const [whole = "", part = ""] = text.trim().replaceAll(",", "").split(".");
  if (part.length > 2 || `${whole}${part}` === "" || text.split(".").length > 2) return Number.NaN;
  const digits = `${whole || "0"}${part.padEnd(2, "0")}`;
  return /^\d+$/.test(digits) ? Number(digits) : Number.NaN;
}

function numberOf(member: Member, text: string): number {
  if (member.kind === "money") return fenOf(text);
  const value = Number(text.trim());
  return member.kind === "number" && !Number.isSafeInteger(value) ? Number.NaN : value;
}

function shownBound(member: Member, bound: number): string {
  return member.kind === "money" ? yuan(bound) : String(bound);
}

/** What is wrong with one value; null for nothing. */
function faultOf(member: Member, text: string): string | null {
  if (member.kind === "money" || member.kind === "number" || member.kind === "decimal") {
    const value = numberOf(member, text);
    if (Number.isNaN(value)) return say(member.kind === "money" ? "console.act.not_money" : "console.act.not_number");
    const { minimum, maximum } = member;
    if (minimum != null && value < minimum) return say("console.act.too_small", { least: shownBound(member, minimum) });
    if (maximum != null && value > maximum) return say("console.act.too_large", { most: shownBound(member, maximum) });
    return null;
  }
  if (member.length_max != null && [...text].length > member.length_max) {
    return say("console.act.too_long", { most: member.length_max });
  }
  if (member.pattern != null && !new RegExp(member.pattern, "u").test(text)) {
    return member.hint ?? say("console.act.not_allowed");
  }
  return null;
}

function* faultsWithin(
  members: readonly Member[],
  draft: Draft,
  said: Said,
  place: string,
): Iterable<[string, string]> {
  for (const member of members) {
    if (member.name in said) continue;
    const value = draft[member.name];
    const here = place + member.name;
    if (isEmpty(value)) {
      if (member.required && !member.nullable) yield [here, say("console.act.required")];
    } else if (member.kind === "members") {
      for (const [index, one] of (value as Draft[]).entries()) {
        yield* faultsWithin(member.members, one, said, `${here}.${index}.`);
      }
    } else if (member.kind === "by_name") {
      const inner = member.members[0] as Member;
      for (const [index, one] of (value as Draft[]).entries()) {
        if (isEmpty(one.name)) yield [`${here}.${index}.name`, say("console.act.required")];
        const fault = typeof one.value === "string" ? faultOf(inner, one.value) : null;
        if (fault !== null) yield [`${here}.${index}.value`, fault];
      }
    } else if (member.many) {
      if (member.kind === "file") continue;
      const fault = (value as string[]).map((one) => faultOf(member, one)).find((one) => one !== null);
      if (fault) yield [here, fault];
    } else {
      const fault = faultOf(member, String(value));
      if (fault !== null) yield [here, fault];
    }
  }
}

export function faultsOf(act: Act, draft: Draft, said: Said): Faults {
  return new Map(faultsWithin(act.members, draft, said, ""));
}

function one(member: Member, text: string): unknown {
  switch (member.kind) {
    case "money":
    case "number":
    case "decimal":
      return numberOf(member, text);
    case "yes_no":
      return text === "true";
    case "time":
      return new Date(text).toISOString();
    default:
      return text;
  }
}

function sent(member: Member, value: Typed, said: Said): unknown {
  if (member.kind === "members") {
    const all = (value as Draft[]).map((entry) => message(member.members, entry, said));
    return member.many ? all : all[0];
  }
  if (member.kind === "by_name") {
    const inner = member.members[0] as Member;
    return Object.fromEntries((value as Draft[]).map((entry) => [entry.name, sent(inner, entry.value as Typed, said)]));
  }
  if (member.kind === "file") return value;
  if (member.many) return (value as string[]).map((text) => one(member, text));
  return one(member, String(value));
}

/** The members as the API takes them. What was left empty is left out, or null where it must be there. */
export function message(members: readonly Member[], draft: Draft, said: Said): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const member of members) {
    if (member.name in said) {
      const value = said[member.name];
      found[member.name] = member.many && !Array.isArray(value) ? [value] : value;
      continue;
    }
    const value = draft[member.name];
    if (!isEmpty(value)) found[member.name] = sent(member, value as Typed, said);
    else if (member.required && member.nullable) found[member.name] = null;
  }
  return found;
}
