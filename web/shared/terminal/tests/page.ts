/** What tests/pages/test_typescript_client.py asks of a page in the real browser, where devices keep what they have. */

import { openDatabase } from "../indexedDb.ts";
import type { KeyAlgorithm } from "../keys.ts";
import { Phone } from "../phone.ts";
import { type Slip, Terminal } from "../terminal.ts";
import { checksOf } from "./checks.ts";

const device = { software: "web/shared/terminal 1", model: "Chromium", serial: "1" };

/** The names of the checks that pass, and what the others threw. */
export async function checkVectors(vectors: object): Promise<{ passed: number; failed: string[] }> {
  const failed: string[] = [];
  const checks = checksOf(vectors as Parameters<typeof checksOf>[0]);
  for (const [name, run] of checks) await run().catch((error) => failed.push(`${name}: ${error}`));
  return { passed: checks.length - failed.length, failed };
}

/** Those of this page, until it is loaded again. */
const terminals = new Map<string, Terminal>();

async function setupOf(name: string) {
  return { origin: location.origin, device, ...(await openDatabase(name)) };
}

export async function enrol(name: string, slip: Slip): Promise<number> {
  const terminal = await Terminal.enrol(await setupOf(name), slip);
  await terminal.signOn();
  terminals.set(name, terminal);
  return terminal.terminalId;
}

/** Charge a code at the terminal of a database, and leave the rest to the journal. */
export async function charge(name: string, code: string): Promise<unknown> {
  return (await terminalOf(name)).chargeCode(code, "lunch");
}

async function terminalOf(name: string): Promise<Terminal> {
  const terminal = terminals.get(name) ?? (await Terminal.open(await setupOf(name)));
  if (!terminal) throw new Error("no terminal in this database");
  terminals.set(name, terminal);
  return terminal;
}

/** Settle what a page before this one left unknown; every request of the journal. */
export async function settle(name: string): Promise<unknown> {
  const terminal = await terminalOf(name);
  await terminal.settleUnknown();
  const { journal, close } = await openDatabase(name);
  const entries = await journal.between(terminal.epoch, 1, Number.MAX_SAFE_INTEGER);
  close();
  return entries;
}

/** A shift with one charge, closed; then the key renewed, and the shift closed once more under the new one. */
export async function shift(name: string, code: string): Promise<unknown> {
  const terminal = await terminalOf(name);
  await terminal.openShift("c-07", "1");
  const paid = await terminal.chargeCode(code, "dinner");
  await terminal.void(paid.entry.epoch, paid.entry.sequence);
  const closed = await terminal.closeShift();
  await terminal.renewKey();
  return { closed, again: await terminal.closeShift(), differences: await terminal.findDifferences() };
}

export async function activate(name: string, id: number, code: string, algorithm: KeyAlgorithm): Promise<void> {
  await Phone.activate({ ...(await setupOf(name)), algorithm }, id, code);
}

export async function codes(name: string, canteenId: number): Promise<string[]> {
  const phone = await Phone.open(await setupOf(name));
  if (!phone) throw new Error("no phone in this database");
  return [await phone.shortCode({ canteenId }), await phone.longCode({ canteenId })];
}

/** What somebody finds who looks for keys in a database: whether any can be read out. */
export async function keysOf(name: string): Promise<{ keys: number; extractable: number; refused: number }> {
  const { store, close } = await openDatabase(name);
  const found: CryptoKey[] = [];
  const look = (value: unknown): void => {
    if (value instanceof CryptoKey) found.push(value);
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(look);
  };
  for (const record of ["identity", "phone", "activation", "parameters"]) look(await store.read(record));
  close();
  const exports = await Promise.allSettled(found.map((key) => crypto.subtle.exportKey("pkcs8", key)));
  return {
    keys: found.length,
    extractable: found.filter((key) => key.extractable).length,
    refused: exports.filter((one) => one.status === "rejected").length,
  };
}

/** The journal of a browser keeps the rules of every journal; the names of those that it breaks. */
export async function brokenRules(name: string): Promise<string[]> {
  const { journal, close } = await openDatabase(name);
  const broken: string[] = [];
  const rule = (what: string, holds: boolean) => holds || broken.push(what);
  await journal.writeAhead(1, 2, "open_shift", "{}");
  await journal.writeAhead(1, 10, "charge", "a");
  await journal.writeAhead(2, 1, "charge", "b");
  const again = await journal.writeAhead(1, 10, "charge", "c").then(
    () => false,
    () => true,
  );
  rule("a number is used once", again);
  rule("what was written stays", (await journal.entry(1, 10))?.body === "a");
  rule("the highest number of an epoch", (await journal.highestSequence(1)) === 10);
  rule("no number of an epoch", (await journal.highestSequence(3)) === 0);
  rule("the order of what is unanswered", String((await journal.unanswered()).map((one) => one.sequence)) === "2,10,1");
  await journal.writeAnswer(1, 2, "recorded", "{}");
  await journal.markVoided(1, 10);
  await journal.writeAnswer(1, 10, "approved", "{}");
  rule("what was voided stays so", (await journal.entry(1, 10))?.outcome === "voided");
  rule("what is answered is known", String((await journal.unanswered()).map((one) => one.epoch)) === "2");
  rule("the requests between two numbers", (await journal.between(1, 3, 10)).length === 1);
  rule("the latest shift", (await journal.latestShift(1))?.sequence === 2);
  await journal.writeAhead(1, 11, "open_shift", "{}");
  await journal.writeAnswer(1, 11, "rejected", "{}");
  rule("a shift that was rejected is none", (await journal.latestShift(1))?.sequence === 2);
  await journal.writeClosing({ epoch: 1, shift: 2, body: "x", answer: null });
  rule("a closing", (await journal.closing(1, 2))?.body === "x");
  rule("no closing", (await journal.closing(1, 3)) === undefined);
  close();
  return broken;
}
