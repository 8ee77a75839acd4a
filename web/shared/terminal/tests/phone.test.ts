/** Which counters a phone gives out: each once, also after a restart, and some skipped at a renewal. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { toBase64url, utf8 } from "../bytes.ts";
import { MemoryStore } from "../journal.ts";
import { Phone, SKIPPED_MAX } from "../phone.ts";
import { readShortCode, SHORT_COUNTER_MAX } from "../shortCodes.ts";
import { OF_HOLDER } from "../signatures.ts";
import type { Sent, Transport } from "../transport.ts";

/** A phone whose centre gives it another reference at each renewal, if `changes`. */
async function activated({ changes = true } = {}) {
  const store = new MemoryStore();
  let issued = 0;
  const transport: Transport = async () => {
    issued += changes ? 1 : 0;
    const body = {
      certificate: toBase64url(new Uint8Array(100)),
      reference: toBase64url(Uint8Array.of(0, 0, 0, 0, 0, issued)),
      credential_id: 7,
      expires_at: 2 ** 33,
    };
    return { status: 201, fields: {}, body: utf8(JSON.stringify(body)) };
  };
  const setup = { origin: "http://127.0.0.1", store, transport };
  return { phone: await Phone.activate(setup, 1, "A".repeat(16)), store, setup };
}

async function counterOf(phone: Phone): Promise<number> {
  return readShortCode(await phone.shortCode({ canteenId: null })).counter;
}

async function isSettled(store: MemoryStore, last: number, agoS = 1): Promise<void> {
  await store.write("counter", { last, arrivesUntil: Math.floor(Date.now() / 1000) - agoS });
}

test("a phone counts on after a restart, and skips counters at a renewal when its codes are settled", async () => {
  const { phone, store, setup } = await activated();
  assert.deepEqual([await counterOf(phone), await counterOf(phone)], [1, 2]);
  const again = await Phone.open(setup);
  assert.ok(again);
  assert.equal(await counterOf(again), 3);
  await again.renew();
  assert.equal(await counterOf(again), 4, "a code that is on its way would be too far below");
  await isSettled(store, 4);
  const later = await Phone.open(setup);
  assert.ok(later);
  await later.renew();
  const counter = await counterOf(later);
  assert.ok(counter > 5 && counter <= 5 + SKIPPED_MAX, `${counter}`);
});

test("a long code for a canteen may arrive for a day, another code for ten minutes", async () => {
  const { phone, store } = await activated();
  const until = async () => {
    const { arrivesUntil } = (await store.read("counter")) as { arrivesUntil: number };
    return arrivesUntil - Date.now() / 1000;
  };
  await phone.longCode({ canteenId: null });
  assert.ok((await until()) <= 600);
  await phone.longCode({ canteenId: 9 });
  assert.ok((await until()) > 86_400);
  await phone.shortCode({ canteenId: 9 });
  assert.ok((await until()) > 86_400);
});

test("no counter is skipped with the same reference, nor to one that a short code does not hold", async () => {
  const same = await activated({ changes: false });
  await same.phone.renew();
  assert.equal(await counterOf(same.phone), 1);
  const { store, setup } = await activated();
  await isSettled(store, SHORT_COUNTER_MAX - 1);
  const phone = await Phone.open(setup);
  assert.ok(phone);
  await phone.renew();
  assert.equal(await counterOf(phone), SHORT_COUNTER_MAX);
});

test("what a phone asks for its holder is signed with its query, and no two changes at one time", async () => {
  const { store, setup } = await activated();
  const sent: Sent[] = [];
  const transport: Transport = async (message) => {
    sent.push(message);
    const isChange = message.method !== "GET";
    return { status: isChange ? 204 : 200, fields: {}, body: utf8(isChange ? "" : '{"holder_id":1042}') };
  };
  const phone = await Phone.open({ ...setup, store, transport });
  assert.ok(phone);
  assert.deepEqual(await phone.ask("GET", "/me/movements?month=2026-11"), { holder_id: 1042 });
  const consent = { given: true, version: 1 };
  assert.equal(await phone.ask("PUT", "/me/consents/nearby", consent), null);
  assert.equal(await phone.ask("PUT", "/me/consents/nearby", consent), null);
  const [read, first, second] = sent;
  assert.ok(read && first && second);
  assert.equal(read.path, "/me/movements?month=2026-11");
  assert.ok(read.fields["signature-input"]?.startsWith(`onecard=${OF_HOLDER};created=`));
  assert.equal(read.fields["onecard-certificate"], toBase64url(new Uint8Array(100)));
  assert.notEqual(first.fields.signature, second.fields.signature);
  const created = ({ fields }: Sent) => Number(/created=([0-9]+)/.exec(fields["signature-input"] ?? "")?.[1]);
  assert.ok(created(second) > created(first));
});
