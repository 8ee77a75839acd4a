/**
 * An agency checks a cycle by itself, as `onecard audit` does (`clearing/audit.py`): with a bundle and the centre's
 * public key, and nothing else. Nothing is sent anywhere; WebCrypto does the arithmetic.
 */

import { yuan } from "../formats.ts";
import { type Bytes, concat, equal, fromHex, sha256, utf8 } from "../terminal/bytes.ts";
import { type Bundle, type Line, lineOf, type Manifest, statedAmount } from "./bundle.ts";
import { isBeginning, isIncluded, leafHash } from "./merkle.ts";

const CONTEXT = utf8("onecard manifest v1\0");
const KEY_HEX_CHARACTERS = 64;
const SIGNATURE_BYTES = 64;
const DIGEST_BYTES = 32;
const LINES_AT_ONCE = 100;

/** One line of the report: texts `audit.check.<code>` and `audit.detail.<detail>` with `params`. */
export interface Finding {
  readonly code: string;
  readonly holds: boolean;
  readonly detail: string;
  readonly params: Readonly<Record<string, string | number>>;
}

/** This browser has no Ed25519, or no cryptography at all: nothing was checked. */
export class Unable extends Error {}

/** What was given as the centre's public key is none. */
export class NotAKey extends Error {}

/** Ed25519 keys of hexadecimal texts with anything between them. Throws NotAKey, Unable. */
export async function importKeys(given: string): Promise<CryptoKey[]> {
  const subtle = globalThis.crypto?.subtle;
  if (subtle === undefined) throw new Unable();
  const texts = given
    .toLowerCase()
    .split(/[^0-9a-z]+/)
    .filter(Boolean);
  const isKey = (text: string) => text.length === KEY_HEX_CHARACTERS && /^[0-9a-f]+$/.test(text);
  if (texts.length === 0 || !texts.every(isKey)) throw new NotAKey();
  try {
    return await Promise.all(texts.map((text) => subtle.importKey("raw", fromHex(text), "Ed25519", false, ["verify"])));
  } catch (error) {
    if (error instanceof DOMException && error.name === "DataError") throw new NotAKey();
    throw new Unable();
  }
}

/** Of how many lines it is known whether they are in the tree. */
export type Progress = (done: number, all: number) => void;

/** All checks of a bundle, and against the one before if it is given. */
export async function audit(
  bundle: Bundle,
  keys: readonly CryptoKey[],
  previous: Bundle | null = null,
  progress: Progress = () => {},
): Promise<Finding[]> {
  const { manifest } = bundle;
  const file = `statement-${bundle.agencyId}.csv`;
  const published = manifest.files.get(file);
  const totalFen = [...manifest.positions.values()].reduce((sum, each) => sum + each, 0);
  const grew = await isBeginning(
    manifest.logSize - 1,
    manifest.logHeadBefore,
    manifest.logSize,
    manifest.logHead,
    manifest.growth,
  );
  const { lines, broken } = await included(bundle, progress);
  const findings = [
    await signed("manifest_signed", bundle, keys),
    finding(
      "statement_published",
      published !== undefined && equal(published, await sha256(bundle.statement)),
      "file",
      {
        file,
      },
    ),
    broken ?? finding("payments_included", true, "payments", { count: lines.length.toLocaleString("en-US") }),
    position(bundle, lines),
    finding("positions_sum_to_zero", totalFen === 0, "sum", {
      amount: yuan(totalFen),
      agencies: manifest.positions.size,
    }),
    finding("log_grew", grew, "cycles", { count: manifest.logSize }),
  ];
  if (previous !== null) {
    findings.push(continues(previous.manifest, manifest), auditLogContinues(previous.manifest, manifest));
    findings.push(await signed("previous_signed", previous, keys));
  }
  return findings;
}

function finding(code: string, holds: boolean, detail: string, params: Finding["params"]): Finding {
  return { code, holds, detail, params };
}

/** Deterministic decoding has made sure that the manifest has no second spelling. */
async function signed(code: string, bundle: Bundle, keys: readonly CryptoKey[]): Promise<Finding> {
  const message = concat(CONTEXT, bundle.signed);
  let isGenuine = false;
  if (bundle.signature.length === SIGNATURE_BYTES) {
    for (const key of keys) isGenuine ||= await crypto.subtle.verify("Ed25519", key, bundle.signature, message);
  }
  return finding(code, isGenuine, "business_date", { business_date: bundle.manifest.businessDate });
}

/** The lines, and a finding about the first one that is not in the tree exactly once. */
async function included(bundle: Bundle, progress: Progress): Promise<{ lines: Line[]; broken: Finding | null }> {
  const lines: Line[] = [];
  const seen = new Set<number>();
  const { treeSize, treeHead } = bundle.manifest;
  for (let first = 0; first < bundle.lines.length; first += LINES_AT_ONCE) {
    const some = bundle.lines.slice(first, first + LINES_AT_ONCE);
    const proved = await Promise.all(
      some.map(async ({ index, leaf, proof }) => isIncluded(await leafHash(leaf), index, treeSize, proof, treeHead)),
    );
    for (const [at, { index, leaf }] of some.entries()) {
      const number = first + at + 1;
      const line = readable(leaf);
      if (line === null) return { lines, broken: notIncluded("unreadable_line", { line: number }) };
      if (seen.has(index) || !proved[at]) {
        const params = { line: number, posting_id: uuid(line.postingId), amount: yuan(line.amountFen) };
        return { lines, broken: notIncluded("wrong_line", params) };
      }
      seen.add(index);
      lines.push(line);
    }
    progress(lines.length, bundle.lines.length);
  }
  return { lines, broken: null };
}

function notIncluded(detail: string, params: Finding["params"]): Finding {
  return finding("payments_included", false, detail, params);
}

function readable(leaf: Bytes): Line | null {
  try {
    return lineOf(leaf);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function uuid(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** What a line adds to the sales of its canteen. */
function saleFen(line: Line): number {
  if (line.canteenId === null) return 0;
  return ["payment", "working_meal"].includes(line.kind) ? line.amountFen : -line.amountFen;
}

/** The meals that a line sells or reverses: the parts of a payment are one, a refund reverses none. */
function mealsOf(line: Line): number {
  if (line.part !== 0 || line.canteenId === null) return 0;
  if (line.kind === "reversal") return -1;
  return ["payment", "working_meal"].includes(line.kind) ? 1 : 0;
}

/** The sum of the lines, compared with the manifest and the statement's last line. */
function position(bundle: Bundle, lines: readonly Line[]): Finding {
  const { manifest, agencyId } = bundle;
  const totalFen = lines.reduce((sum, line) => {
    const fee = manifest.earlierFees.get(line.postingId) ?? manifest.feeFen;
    const side = Number(line.acquirerId === agencyId) - Number(line.issuerId === agencyId);
    return sum + (saleFen(line) + mealsOf(line) * fee) * side;
  }, 0);
  const signedFen = manifest.positions.get(agencyId);
  if (signedFen !== totalFen) {
    const params = { amount: yuan(totalFen), difference: yuan(totalFen - (signedFen ?? 0)) };
    return finding("position", false, "not_as_signed", params);
  }
  const stated = statedAmount(bundle.statement);
  const params = { amount: yuan(totalFen), stated: stated ?? "-" };
  return finding("position", stated === yuan(totalFen), "position", params);
}

function continues(before: Manifest, now: Manifest): Finding {
  if (now.logSize !== before.logSize + 1) {
    return finding("continues", false, "does_not_follow", { cycle: now.logSize, before: before.logSize });
  }
  const dates = { before: before.businessDate, now: now.businessDate };
  return finding("continues", equal(now.logHeadBefore, before.logHead), "follows", dates);
}

/** An audit log only grows; the same number of entries has the same digest. */
function auditLogContinues(before: Manifest, now: Manifest): Finding {
  const none = { entries: 0, digest: new Uint8Array(DIGEST_BYTES) };
  const [earlier, later] = [before.auditLog ?? none, now.auditLog ?? none];
  const isSame = earlier.entries === later.entries && equal(earlier.digest, later.digest);
  const params = { before: earlier.entries, now: later.entries };
  return finding("audit_log_continues", earlier.entries < later.entries || isSame, "audit_log", params);
}
