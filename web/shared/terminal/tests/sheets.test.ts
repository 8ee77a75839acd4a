/** A phone that pays by a canteen's sheet: one number a payment, whatever is tapped, lost, or reloaded. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { OutcomeUnknown, Rejected } from "../answers.ts";
import { fromUtf8, toBase64url, utf8 } from "../bytes.ts";
import { MemoryJournal, MemoryStore } from "../journal.ts";
import { Phone } from "../phone.ts";
import { type SheetMessage, SheetPayments } from "../sheetPayments.ts";
import { readSheet } from "../sheets.ts";
import type { Sent, Transport } from "../transport.ts";

const CODE = "A".repeat(99);
const SHEET = {
  canteen_id: 9,
  meal: "lunch",
  price_fen: 1500,
  limit_fen: null,
  place: { check: "flag", within_m: 300 },
};

/** A centre that posts each number once, and loses as many answers as it is told to. */
class Centre {
  readonly posted = new Map<number, SheetMessage>();
  readonly received: Sent[] = [];
  lost = 0;
  problem: { status: number; slug: string } | null = null;
  aheadS = 0;
  credentialId = 7;

  transport: Transport = async (sent) => {
    if (sent.path === "/phone/certificates") {
      const certificate = toBase64url(new Uint8Array(100));
      return json(201, {
        certificate,
        reference: toBase64url(new Uint8Array(6)),
        credential_id: this.credentialId,
        expires_at: 2 ** 33,
      });
    }
    const date = new Date(Date.now() + 1000 * this.aheadS).toUTCString();
    if (sent.method === "GET") return { ...json(200, SHEET), fields: { date } };
    this.received.push(sent);
    if (this.problem) return json(this.problem.status, { type: `/problems/${this.problem.slug}` });
    const message = JSON.parse(fromUtf8(sent.body)) as SheetMessage;
    this.posted.set(message.sequence, message);
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (this.lost > 0) {
      this.lost -= 1;
      throw new Error("the network is gone");
    }
    const receipt = {
      number: "019ab12c-7d1e-7000-8000-0242ac120002",
      amount_fen: message.amount_fen,
      business_date: "2026-11-23",
      posted_at: message.purchased_at,
    };
    return json(200, { outcome: "approved", receipt, place: "near" });
  };
}

function json(status: number, body: object) {
  return { status, fields: {}, body: utf8(JSON.stringify(body)) };
}

function setupAt(centre: Centre) {
  return { origin: "http://127.0.0.1", store: new MemoryStore(), transport: centre.transport };
}

async function phoneAt(centre: Centre) {
  const setup = setupAt(centre);
  const phone = await Phone.activate(setup, 1, "A".repeat(16));
  const journal = new MemoryJournal();
  return { payments: new SheetPayments(phone, journal), journal, phone, setup };
}

test("two taps and a repeat are one payment", async () => {
  const centre = new Centre();
  const { payments } = await phoneAt(centre);
  const asked = await payments.ask(CODE);
  const [one, other] = await Promise.all([payments.pay(asked), payments.pay(asked)]);
  const again = await payments.pay(asked);
  assert.deepEqual([one.outcome, other.outcome, again.outcome], ["approved", "approved", "approved"]);
  assert.equal(centre.received.length, 1, "what is answered is not sent again");
  assert.equal(centre.posted.get(1)?.amount_fen, 1500);
  await payments.pay(await payments.ask(CODE));
  assert.deepEqual([...centre.posted.keys()], [1, 2], "another question is another payment");
});

test("a payment without an answer is sent again under its number, by a tap or at the next start", async () => {
  const centre = new Centre();
  const { payments, journal, phone } = await phoneAt(centre);
  centre.lost = 2;
  const asked = await payments.ask(CODE);
  await assert.rejects(payments.pay(asked), OutcomeUnknown);
  assert.equal((await payments.unresolved()).length, 1);
  await assert.rejects(payments.pay(asked), OutcomeUnknown);
  const restarted = new SheetPayments(phone, journal);
  const [known] = await restarted.resolve();
  assert.equal(known?.outcome, "approved");
  assert.deepEqual([centre.received.length, centre.posted.size], [3, 1]);
  assert.deepEqual(await restarted.unresolved(), []);
});

test("the next owner of a journal neither pays nor learns of what the former one left open", async () => {
  const centre = new Centre();
  const { payments, journal, setup } = await phoneAt(centre);
  centre.problem = { status: 503, slug: "unavailable" };
  await assert.rejects(payments.pay(await payments.ask(CODE)), OutcomeUnknown);
  centre.problem = null;
  centre.credentialId = 8;
  const next = new SheetPayments(await Phone.activate(setup, 2, "B".repeat(16)), journal);
  assert.deepEqual([await next.unresolved(), await next.resolve()], [[], []]);
  assert.equal(centre.posted.size, 0);
  await next.pay(await next.ask(CODE));
  assert.deepEqual([...centre.posted.keys()], [2]);
  assert.equal((await payments.unresolved()).length, 1, "to its own owner it stays open");
  assert.ok(!("credential_id" in (centre.posted.get(2) ?? {})), "the centre knows it by the key");
});

test("a redeemed code changes nothing before it is kept", async () => {
  const centre = new Centre();
  const { setup } = await phoneAt(centre);
  centre.credentialId = 8;
  const redeemed = await Phone.redeem(setup, 2, "B".repeat(16));
  assert.equal(redeemed.credentialId, 8);
  assert.equal((await Phone.open(setup))?.credentialId, 7);
  await redeemed.keep();
  assert.equal((await Phone.open(setup))?.credentialId, 8);
});

test("the place is told once and kept nowhere", async () => {
  const centre = new Centre();
  const { payments, journal } = await phoneAt(centre);
  const asked = await payments.ask(CODE);
  const place = { latitude: 29.87, longitude: 121.55, accuracy_m: 20 };
  const { entry } = await payments.pay(asked, { place });
  assert.match(fromUtf8(centre.received[0]?.body ?? utf8("")), /29\.87/);
  assert.doesNotMatch(entry.body, /29\.87/);
  assert.doesNotMatch(JSON.stringify(await journal.entry(1, 1)), /29\.87/);
  await payments.pay(await payments.ask(CODE), { place: "denied" });
  assert.match(fromUtf8(centre.received[1]?.body ?? utf8("")), /"no_place":"denied"/);
});

test("only what the ledger or the message's form decides is final", async () => {
  const centre = new Centre();
  const { payments, journal } = await phoneAt(centre);
  centre.problem = { status: 401, slug: "bad-signature" };
  const asked = await payments.ask(CODE);
  await assert.rejects(payments.pay(asked), OutcomeUnknown);
  centre.problem = { status: 422, slug: "other-content" };
  await assert.rejects(payments.pay(asked), Rejected);
  assert.equal((await journal.entry(1, 1))?.outcome, "rejected");
  await assert.rejects(payments.pay(asked), Rejected);
  assert.equal(centre.received.length, 2);
});

test("a payment is dated by the centre's clock, whatever the phone's says", async () => {
  const centre = new Centre();
  const { payments } = await phoneAt(centre);
  centre.aheadS = 600;
  await payments.pay(await payments.ask(CODE));
  const late = (centre.posted.get(1)?.purchased_at ?? 0) - Date.now() / 1000;
  assert.ok(Math.abs(late - 600) < 5, `${late}`);
});

test("an amount is entered where there is no price, and must be one", async () => {
  const centre = new Centre();
  const { payments } = await phoneAt(centre);
  const free = Object.assign(await payments.ask(CODE), { price_fen: null, limit_fen: 8000 });
  await assert.rejects(payments.pay(free), RangeError);
  assert.equal((await payments.pay(free, { amountFen: 730 })).outcome, "approved");
  assert.equal(centre.posted.get(1)?.amount_fen, 730);
});

test("a code is read from an address, from itself, and from nothing else", () => {
  const code = "AQEAAAAAJ_oAAg-".padEnd(99, "x");
  for (const text of [code, ` ${code}\n`, `https://centre.example/s/${code}`, `http://127.0.0.1:8000/s/${code}`])
    assert.equal(readSheet(text), code);
  for (const text of [
    "",
    code.slice(1),
    `${code}x`,
    `https://centre.example/r/${code}`,
    `ftp://centre.example/s/${code}`,
  ])
    assert.equal(readSheet(text), null);
});
