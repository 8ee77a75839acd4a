/** What is typed into a draft, what of it is new, and what becomes of it where somebody else has saved meanwhile. */

import type { components } from "../../shared/api/schema.ts";

export type Bulletin = components["schemas"]["BulletinShown"];
export type Changes = components["schemas"]["BulletinChanges"];

export const TEXTS = ["title", "basis", "foreword", "good", "warnings", "closing", "method"] as const;
export const ELEMENTS = [
  "issuers",
  "issuer_code",
  "year",
  "serial",
  "signed_on",
  "addressees",
  "copy_to",
  "annexes",
] as const;
export const ANNEXES = ["ranking", "overdue", "method"] as const;
export type Text = (typeof TEXTS)[number];
export type Field = Text | (typeof ELEMENTS)[number];
/** Each field as it stands on the page; issuers and annexes are one a line. */
export type Typed = Readonly<Record<Field, string>>;
export const FIELDS: readonly Field[] = [...TEXTS, ...ELEMENTS];

/** What a person works on: what he began with, under its version, and what he made of it. */
export interface Work {
  readonly version: number;
  readonly base: Typed;
  readonly mine: Typed;
}

export function typedOf(bulletin: Bulletin): Typed {
  const texts = Object.fromEntries(TEXTS.map((name) => [name, bulletin.texts[name] ?? ""])) as Record<Text, string>;
  return {
    ...texts,
    issuers: bulletin.issuers.join("\n"),
    issuer_code: bulletin.issuer_code,
    year: String(bulletin.year ?? ""),
    serial: String(bulletin.serial ?? ""),
    signed_on: bulletin.signed_on ?? "",
    addressees: bulletin.addressees,
    copy_to: bulletin.copy_to,
    annexes: (bulletin.annexes ?? ANNEXES).join("\n"),
  };
}

export function workOn(bulletin: Bulletin): Work {
  const typed = typedOf(bulletin);
  return { version: bulletin.version, base: typed, mine: typed };
}

export function changedFields({ base, mine }: Work): Field[] {
  return FIELDS.filter((field) => mine[field] !== base[field]);
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** A number, or what was typed as it is: the centre says what is wrong with it. */
function number(text: string): number | null {
  const trimmed = text.trim();
  return trimmed === "" ? null : /^\d+$/.test(trimmed) ? Number(trimmed) : (trimmed as unknown as number);
}

function sent(field: Field, value: string): unknown {
  if (field === "issuers" || field === "annexes") return lines(value);
  if (field === "year" || field === "serial") return number(value);
  if (field === "signed_on") return value || null;
  return value;
}

/** What has changed, as the API takes it. */
export function changesOf(work: Work): Changes {
  return Object.fromEntries(changedFields(work).map((field) => [field, sent(field, work.mine[field])])) as Changes;
}

/** The same work on what somebody else has saved: what was not touched is his, what was is still the person's own. */
export function putOn(theirs: Bulletin, work: Work): Work {
  const base = typedOf(theirs);
  const own = Object.fromEntries(changedFields(work).map((field) => [field, work.mine[field]]));
  return { version: theirs.version, base, mine: { ...base, ...own } };
}

/** Where both have changed something, and not to the same. */
export function clashes(theirs: Bulletin, work: Work): Field[] {
  const saved = typedOf(theirs);
  return changedFields(work).filter((field) => saved[field] !== work.base[field] && saved[field] !== work.mine[field]);
}

/** Numbers of a text, without separators of thousands, that are not among the known ones. */
export function unknownNumbers(text: string, known: ReadonlySet<string>): string[] {
  const found = text.match(/\d[\d,]*(?:\.\d+)?/g) ?? [];
  return [...new Set(found.map((one) => one.replaceAll(",", "")))].filter((one) => !known.has(one));
}
