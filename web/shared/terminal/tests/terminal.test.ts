/** What a terminal does with each answer, and in which order it writes, sends and shows. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NotSignedOn, OutcomeUnknown, Rejected, verdictOf } from "../answers.ts";
import { fromBase64url } from "../bytes.ts";
import { verify } from "../keys.ts";
import { pauseMs } from "../pauses.ts";
import { proofText, Terminal } from "../terminal.ts";
import { authorityOf } from "../transport.ts";
import { APPROVED, FakeCentre, type Reply, setupAt, terminalAt } from "./fakeCentre.ts";

const problem = (type: string, params: object = {}) => ({ type: `/problems/${type}`, detail: type, params });
const VOIDED: Reply = { status: 200, body: { outcome: "voided", reversed_fen: 1000, business_date: "2025-11-23" } };

test("what stands in the journal was written before it was sent, and the answer before it is shown", async () => {
  const centre = await FakeCentre.start();
  const { terminal, journal } = await terminalAt(centre);
  centre.script = () => {
    journal.notes.push("sent");
    return APPROVED;
  };
  const { entry } = await terminal.chargeCode("OC2:A", "lunch");
  journal.notes.push("shown");
  assert.deepEqual(journal.notes, ["ahead 1", "sent", "answer 1", "shown"]);
  assert.equal(entry.outcome, "approved");
});

test("sale lines that do not explain the amount are not sent; others go as they are", async () => {
  const centre = await FakeCentre.start();
  const { terminal } = await terminalAt(centre);
  centre.script = () => APPROVED;
  const lines = [{ article: "红烧肉", portions: 1, unit_price_fen: 800, amount_fen: 800 }];
  for (const options of [{ lines }, { lines, amountFen: 801 }, { lines: [], amountFen: 800 }]) {
    await assert.rejects(terminal.chargeCode("OC2:A", "lunch", options), RangeError);
  }
  assert.deepEqual(await terminal.unknown(), []);
  const { entry } = await terminal.chargeCode("OC2:A", "lunch", { lines, amountFen: 800 });
  assert.deepEqual([entry.sequence, JSON.parse(entry.body).lines], [1, lines]);
});

test("nothing is sent that cannot be written, and nothing shown", async () => {
  const centre = await FakeCentre.start();
  const { terminal, journal } = await terminalAt(centre);
  await terminal.signOn();
  centre.script = () => APPROVED;
  journal.isFull = true;
  await assert.rejects(terminal.chargeCode("OC2:A", "lunch"), { name: "QuotaExceededError" });
  assert.deepEqual(
    centre.received.filter((one) => one.path === "/terminal/charges"),
    [],
  );
  journal.isFull = false;
  centre.script = () => {
    journal.isFull = true;
    return APPROVED;
  };
  await assert.rejects(terminal.chargeCode("OC2:A", "lunch"), { name: "QuotaExceededError" });
  journal.isFull = false;
  centre.script = () => APPROVED;
  assert.equal((await terminal.resendUnknown())[0]?.entry.outcome, "approved");
});

/** Section 3's table, and what comes near it. */
const ANSWERS: [name: string, reply: Reply | null, expected: "unknown" | "rejected"][] = [
  ["no answer", null, "unknown"],
  ["a broken signature", { ...APPROVED, forged: true }, "unknown"],
  ["an approval that nobody signed", { ...APPROVED, unsigned: true }, "unknown"],
  ["another outcome", { status: 200, body: { outcome: "perhaps" } }, "unknown"],
  ["an approval without a receipt", { status: 200, body: { outcome: "approved" } }, "unknown"],
  ["no JSON", { status: 200, body: "<html>" }, "unknown"],
  ["400 of another edition", { status: 400, body: problem("protocol-unknown"), unsigned: true }, "unknown"],
  ...[400, 403, 409, 422, 429, 404].map((status): [string, Reply, "rejected"] => [
    `a signed ${status}`,
    { status, body: problem("invalid") },
    "rejected",
  ]),
  ...[400, 403, 404, 408, 409, 413, 422, 429, 431, 302].map((status): [string, Reply, "unknown"] => [
    `an unsigned ${status}`,
    { status, body: problem("invalid"), unsigned: true },
    "unknown",
  ]),
  ...[500, 502, 503, 504].flatMap((status): [string, Reply, "unknown"][] => [
    [`a signed ${status}`, { status, body: problem("busy") }, "unknown"],
    [`an unsigned ${status}`, { status, body: "<html>", unsigned: true }, "unknown"],
  ]),
];

describe("answers", { concurrency: true }, () => {
  for (const [name, reply, expected] of ANSWERS) {
    test(`${name} is ${expected}`, async () => {
      const centre = await FakeCentre.start();
      const { terminal, journal } = await terminalAt(centre);
      centre.script = () => reply;
      await assert.rejects(
        terminal.chargeCode("OC2:A", "lunch"),
        (error) => error instanceof (expected === "unknown" ? OutcomeUnknown : Rejected) && error.entry?.sequence === 1,
      );
      assert.equal((await journal.entry(1, 1))?.outcome, expected);
      centre.script = () => APPROVED;
      const resent = await terminal.resendUnknown();
      assert.equal(resent.length, expected === "unknown" ? 1 : 0);
    });
  }
});

for (const slug of ["session-ended", "created-out-of-range", "bad-signature"]) {
  test(`401 ${slug}: signs on again and repeats once, with the same body and number`, async () => {
    const centre = await FakeCentre.start();
    const { terminal } = await terminalAt(centre);
    const replies: Reply[] = [{ status: 401, body: problem(slug), unsigned: true }, APPROVED];
    centre.script = () => replies.shift() ?? null;
    const { answer } = await terminal.chargeCode("OC2:A", "lunch");
    assert.equal(answer.outcome, "approved");
    const sent = centre.received.filter((one) => one.path === "/terminal/charges");
    assert.deepEqual([sent.length, sent[0]?.body === sent[1]?.body, sent[1]?.requestId], [2, true, "1/1"]);
    assert.equal(centre.sessions, 2);
    centre.script = () => ({ status: 401, body: problem(slug), unsigned: true });
    await assert.rejects(terminal.chargeCode("OC2:A", "lunch"), OutcomeUnknown);
    assert.equal(centre.sessions, 3, "once");
  });
}

test("a sign-on that is refused leaves the request unknown that needed it, and a new one unwritten", async () => {
  const centre = await FakeCentre.start();
  const { terminal, journal } = await terminalAt(centre);
  await terminal.signOn();
  centre.script = () => ({ status: 401, body: problem("session-ended"), unsigned: true });
  centre.opening = () => ({ status: 400, body: problem("suite-unknown") });
  await assert.rejects(terminal.chargeCode("OC2:A", "lunch"), OutcomeUnknown);
  assert.equal((await journal.entry(1, 1))?.outcome, "unknown");
  await assert.rejects(terminal.chargeCode("OC2:A", "lunch"), NotSignedOn);
  assert.equal(await journal.highestSequence(1), 1);
});

for (const slug of ["bad-signature", "session-ended", "created-out-of-range", "centre-key-unknown"]) {
  test(`sign-on, unsigned ${slug}: goes on trying with growing pauses, and is not out of use`, async () => {
    const centre = await FakeCentre.start();
    const { terminal } = await terminalAt(centre);
    const tried: number[] = [];
    const status = slug === "centre-key-unknown" ? 403 : 401;
    centre.opening = () => {
      tried.push(performance.now());
      return { status, body: problem(slug), unsigned: true };
    };
    centre.script = () => APPROVED;
    for (let n = 0; n < 4; n++) await assert.rejects(terminal.chargeCode("OC2:A", "lunch"), NotSignedOn);
    const pauses = tried.slice(1).map((at, n) => at - (tried[n] ?? 0));
    assert.equal(pauses.length, 3);
    // Timers may be a millisecond early.
    assert.ok(
      pauses.every((pause, n) => pause >= 125 * 2 ** n - 2),
      JSON.stringify(pauses),
    );
    centre.opening = undefined;
    assert.equal((await terminal.chargeCode("OC2:A", "lunch")).answer.outcome, "approved");
  });
}

test("without a session, what is unknown costs one sign-on for all, and none is given up", async () => {
  const centre = await FakeCentre.start();
  const { terminal } = await terminalAt(centre);
  await terminal.signOn();
  centre.script = () => null;
  for (let n = 0; n < 5; n++) await assert.rejects(terminal.chargeCode("OC2:A", "lunch"), OutcomeUnknown);
  centre.opening = () => ({ status: 401, body: problem("bad-signature"), unsigned: true });
  await assert.rejects(terminal.signOn(), OutcomeUnknown);
  const before = centre.received.length;
  assert.deepEqual(await terminal.resendUnknown(), []);
  assert.equal(centre.received.length, before + 1);
  centre.opening = undefined;
  centre.script = () => APPROVED;
  assert.equal((await terminal.resendUnknown()).length, 5);
});

for (const path of ["/terminal/charges", "/terminal/sessions"]) {
  test(`an unsigned time in answer to ${path} moves no clock`, async () => {
    const centre = await FakeCentre.start();
    const { terminal, setup } = await terminalAt(centre);
    await terminal.signOn();
    const params = { centre_time: centre.now() + 86_400 };
    const lies: Reply[] = [{ status: 401, body: problem("created-out-of-range", params), unsigned: true }];
    centre.script = () => (path === "/terminal/charges" ? lies.shift() : undefined) ?? APPROVED;
    centre.opening = (message, text) => lies.shift() ?? centre.signOn(message, text);
    if (path === "/terminal/sessions") await terminal.signOn();
    const { entry } = await terminal.chargeCode("OC2:A", "lunch");
    const { purchased_at } = JSON.parse(entry.body) as { purchased_at: number };
    for (const at of [terminal.now(), purchased_at, (await Terminal.open(setup))?.now() ?? 0]) {
      assert.ok(Math.abs(at - centre.now()) < 60);
    }
  });
}

test("after a wrong epoch it signs on, and goes by the answer's", async () => {
  const centre = await FakeCentre.start();
  const { terminal } = await terminalAt(centre);
  await terminal.signOn();
  centre.script = () => ({ status: 409, body: problem("epoch-wrong") });
  await assert.rejects(terminal.chargeCode("OC2:A", "lunch"), Rejected);
  centre.opening = (message, text) => centre.signOn(message, text, { epoch: 2 });
  centre.script = () => APPROVED;
  assert.equal((await terminal.chargeCode("OC2:A", "lunch")).entry.epoch, 2);
});

test("another edition or suite in the answer to a sign-on is no session", async () => {
  const centre = await FakeCentre.start();
  const { terminal } = await terminalAt(centre);
  for (const changes of [{ protocol: 3 }, { suite: "SM2" }]) {
    centre.opening = (message, text) => centre.signOn(message, text, changes);
    await assert.rejects(terminal.signOn(), OutcomeUnknown);
    assert.equal(terminal.isSignedOn, false);
  }
});

test("a device whose clock is wrong signs by the centre's", async () => {
  const centre = await FakeCentre.start();
  const { terminal } = await terminalAt(centre);
  centre.aheadS = 86_400;
  let isFirst = true;
  centre.opening = (message, text) => {
    const wasFirst = isFirst;
    isFirst = false;
    const params = { centre_time: centre.now() };
    if (wasFirst) return { status: 401, body: problem("created-out-of-range", params), unsigned: true };
    return centre.signOn(message, text);
  };
  centre.script = () => APPROVED;
  await terminal.chargeCode("OC2:A", "lunch");
  const [, first, second, charge] = centre.received.map((one) => one.created);
  assert.ok(Math.abs((second ?? 0) - (first ?? 0) - 86_400) <= 2);
  assert.ok(Math.abs((charge ?? 0) - centre.now()) <= 2);
  assert.ok(Math.abs(terminal.now() - centre.now()) <= 2);
});

test("many requests at once open one session, and have numbers of their own", async () => {
  const centre = await FakeCentre.start();
  const { terminal, journal } = await terminalAt(centre);
  centre.highestSequence = 41;
  centre.script = () => APPROVED;
  const done = await Promise.all(Array.from({ length: 8 }, () => terminal.chargeCode("OC2:A", "lunch")));
  const numbers = done.map((one) => one.entry.sequence).sort((one, other) => one - other);
  assert.deepEqual(numbers, [42, 43, 44, 45, 46, 47, 48, 49]);
  assert.equal(centre.sessions, 1);
  assert.equal(await journal.highestSequence(1), 49);
});

test("a request that is under way is not sent a second time beside itself", async () => {
  const centre = await FakeCentre.start();
  const { terminal } = await terminalAt(centre);
  await terminal.signOn();
  let answer: (reply: Reply) => void = () => undefined;
  const arrived = new Promise<void>((resolve) => {
    centre.script = () =>
      new Promise((reply) => {
        answer = reply;
        resolve();
      });
  });
  const first = terminal.chargeCode("OC2:A", "lunch");
  await arrived;
  const again = terminal.resendUnknown();
  answer(APPROVED);
  assert.deepEqual([(await first).answer.outcome, (await again)[0]?.answer.outcome], ["approved", "approved"]);
  assert.equal(centre.received.filter((one) => one.path === "/terminal/charges").length, 1);
});

test("one request that stays unknown holds back no other", async () => {
  const centre = await FakeCentre.start();
  const { terminal } = await terminalAt(centre);
  await terminal.signOn();
  centre.script = () => null;
  for (let n = 0; n < 3; n++) await assert.rejects(terminal.chargeCode("OC2:A", "lunch"), OutcomeUnknown);
  centre.script = (message) => (message.fields["onecard-request"] === "1/1" ? null : APPROVED);
  assert.equal((await terminal.resendUnknown()).length, 2);
  assert.deepEqual(
    (await terminal.unknown()).map((one) => one.sequence),
    [1],
  );
});

test("what is unknown is sent again until it is known, or until nobody waits any more", async () => {
  const centre = await FakeCentre.start();
  const { terminal } = await terminalAt(centre);
  await terminal.signOn();
  const replies: (Reply | null)[] = [null, { status: 503, body: problem("busy"), unsigned: true }, APPROVED];
  centre.script = () => replies.shift() ?? null;
  await assert.rejects(terminal.chargeCode("OC2:A", "lunch"), OutcomeUnknown);
  await terminal.settleUnknown();
  assert.deepEqual(await terminal.unknown(), []);
  await assert.rejects(terminal.chargeCode("OC2:A", "lunch"), OutcomeUnknown);
  const controller = new AbortController();
  centre.script = () => {
    controller.abort();
    return null;
  };
  await terminal.settleUnknown(controller.signal);
  assert.equal((await terminal.unknown()).length, 1);
});

test("a request is not sent again before its pause is over, and others are", async () => {
  const centre = await FakeCentre.start();
  const { terminal } = await terminalAt(centre);
  await terminal.signOn();
  const [sentAt, begun] = [new Map<string, number[]>(), performance.now()];
  centre.script = (message) => {
    const number = message.fields["onecard-request"] ?? "";
    const times = sentAt.get(number) ?? [];
    sentAt.set(number, [...times, performance.now() - begun]);
    if (times.length === (number === "1/1" ? 1 : 3)) return APPROVED;
    const fields = { "retry-after": "1" };
    return number === "1/1" ? { status: 503, body: problem("busy"), unsigned: true, fields } : null;
  };
  await assert.rejects(terminal.chargeCode("OC2:A", "lunch"), OutcomeUnknown);
  await assert.rejects(terminal.chargeCode("OC2:A", "lunch"), OutcomeUnknown);
  await terminal.settleUnknown();
  const pauses = [...sentAt.values()].map((times) => times.slice(1).map((at, n) => at - (times[n] ?? 0)));
  const least = [[1000], [125, 250, 500]];
  // Timers may be a millisecond early.
  const kept = pauses.map((one, n) => one.map((pause, m) => pause >= (least[n]?.[m] ?? 0) - 2));
  assert.deepEqual(kept, [[true], [true, true, true]], JSON.stringify(pauses));
  assert.ok((sentAt.get("1/2")?.[1] ?? 0) < (sentAt.get("1/1")?.[1] ?? 0), "the second does not wait for the first");
});

test("pauses grow, have jitter, and are no shorter than the centre asks for", () => {
  const low = [1, 2, 3, 4, 5, 6, 7, 50].map((failures) => pauseMs(failures, 0, () => 0));
  assert.deepEqual(low, [125, 250, 500, 1000, 2000, 4000, 4000, 4000]);
  assert.deepEqual(
    [1, 50].map((failures) => pauseMs(failures, 0, () => 1)),
    [250, 8000],
  );
  assert.equal(
    pauseMs(1, 30, () => 1),
    30_000,
  );
});

test("a void that a crash cut off marks its charge when it is sent again", async () => {
  const centre = await FakeCentre.start();
  const { terminal, journal } = await terminalAt(centre);
  centre.script = () => APPROVED;
  const { entry } = await terminal.chargeCode("OC2:A", "lunch");
  centre.script = () => null;
  await assert.rejects(terminal.void(entry.epoch, entry.sequence), OutcomeUnknown);
  centre.script = () => VOIDED;
  await terminal.resendUnknown();
  assert.equal((await journal.entry(1, 1))?.outcome, "voided");
});

test("a charge that was voided is not shown as approved, whichever answer comes first", async () => {
  const centre = await FakeCentre.start();
  const { terminal, journal } = await terminalAt(centre);
  centre.script = () => null;
  await assert.rejects(terminal.chargeCode("OC2:A", "lunch"), OutcomeUnknown);
  centre.script = (message) => (message.path === "/terminal/voids" ? VOIDED : APPROVED);
  await terminal.void(1, 1);
  assert.equal((await journal.entry(1, 1))?.outcome, "voided");
  await terminal.settleUnknown();
  assert.deepEqual(await terminal.unknown(), []);
  assert.equal((await journal.entry(1, 1))?.outcome, "voided");
  centre.script = () => ({ status: 200, body: { ...(APPROVED.body as object), reversed_fen: 1000 } });
  assert.equal((await terminal.chargeCode("OC2:A", "lunch")).entry.outcome, "voided");
});

test("a lost renewal is settled before the next sign-on, under the old key", async () => {
  const centre = await FakeCentre.start();
  const { terminal, setup } = await terminalAt(centre);
  await terminal.signOn();
  centre.script = () => null;
  await assert.rejects(terminal.renewKey(), OutcomeUnknown);
  centre.script = () => ({ status: 201, body: { terminal_id: 7, epoch: 1, key_renew_at: 9 } });
  const again = await Terminal.open(setup);
  await again?.signOn();
  const renewals = centre.received.filter((one) => one.path === "/terminal/keys").map((one) => JSON.parse(one.body));
  assert.equal(renewals.length, 2);
  assert.deepEqual(renewals[0], renewals[1], "the same key, and the proof over the same old one");
  const [{ public_key: fresh, proof }] = renewals;
  const enrolment = JSON.parse(centre.received[0]?.body ?? "");
  const signed = proofText(7, fromBase64url(enrolment.public_key));
  assert.ok(await verify({ algorithm: "ed25519", bytes: fromBase64url(fresh) }, signed, fromBase64url(proof)));
});

test("a renewal that is refused leaves the old key in force", async () => {
  const centre = await FakeCentre.start();
  const { terminal } = await terminalAt(centre);
  centre.script = () => ({ status: 409, body: problem("conflict") });
  await assert.rejects(terminal.renewKey(), Rejected);
  await terminal.signOn();
  assert.equal(centre.received.filter((one) => one.path === "/terminal/keys").length, 1);
});

test("a key that is due is renewed at sign-on, and a failure stops nobody", async () => {
  const centre = await FakeCentre.start();
  const { terminal } = await terminalAt(centre);
  centre.keyRenewAt = centre.now();
  centre.script = (message) => (message.path === "/terminal/keys" ? null : APPROVED);
  assert.equal((await terminal.chargeCode("OC2:A", "lunch")).answer.outcome, "approved");
  assert.equal(centre.received.filter((one) => one.path === "/terminal/keys").length, 1);
});

test("messages name the newest key of the centre that is in use, and trust no other", async () => {
  const centre = await FakeCentre.start();
  const { terminal } = await terminalAt(centre);
  await centre.addKey(2, { valid_from: centre.now() + 3600 });
  await terminal.signOn();
  centre.aheadS = 3600;
  centre.script = () => ({
    status: 200,
    body: { version: "B".repeat(22), centre_time: centre.now(), block_list_version: 7 },
  });
  await terminal.refreshParameters();
  await terminal.signOn();
  const named = centre.received.filter((one) => one.path === "/terminal/sessions").map((one) => JSON.parse(one.body));
  assert.deepEqual(
    named.map((one) => one.centre_key),
    [1, 2],
  );
  centre.centreKeys = centre.centreKeys.map((key) => ({ ...key, valid_until: centre.now() }));
  await terminal.signOn();
  await assert.rejects(terminal.signOn(), /enrolled anew/);
});

test("an enrolment without an answer is repeated with the same key", async () => {
  const centre = await FakeCentre.start();
  const setup = setupAt(centre);
  centre.opening = () => null;
  await assert.rejects(Terminal.enrol(setup, centre.slip()), OutcomeUnknown);
  assert.equal(await Terminal.open(setup), null);
  centre.opening = undefined;
  await Terminal.enrol(setup, centre.slip());
  const [first, second] = centre.received.map((one) => JSON.parse(one.body).public_key);
  assert.equal(first, second);
  assert.equal((await Terminal.open(setup))?.terminalId, 7);
});

test("a terminal that is enrolled again goes on under its next epoch; another one needs an empty database", async () => {
  const centre = await FakeCentre.start();
  const { terminal, setup, journal } = await terminalAt(centre);
  centre.script = () => null;
  await assert.rejects(terminal.chargeCode("OC2:A", "lunch"), OutcomeUnknown);
  centre.opening = () => ({ status: 201, body: { terminal_id: 8, epoch: 1, canteen_id: 1010 } });
  await assert.rejects(Terminal.enrol(setup, { ...centre.slip(), enrolment_id: 2 }), /empty database/);
  assert.equal((await Terminal.open(setup))?.terminalId, 7);
  // The centre's key has changed meanwhile, so far that the terminal knows none: the slip has the new one.
  centre.centreKeys = [];
  await centre.addKey(2, { valid_from: 0 });
  centre.opening = () => ({ status: 201, body: { terminal_id: 7, epoch: 2, canteen_id: 1010 } });
  const again = await Terminal.enrol(setup, { ...centre.slip(), enrolment_id: 3 });
  centre.opening = (message, text) => centre.signOn(message, text, { epoch: 2 });
  centre.script = () => APPROVED;
  assert.deepEqual([(await again.chargeCode("OC2:A", "lunch")).entry.epoch, again.epoch], [2, 2]);
  const [resent] = await again.resendUnknown();
  assert.deepEqual([resent?.entry.epoch, resent?.entry.sequence], [1, 1], "under its own epoch");
  assert.equal(centre.received.at(-1)?.requestId, "1/1");
  assert.equal((await journal.entry(2, 1))?.outcome, "approved");
});

test("the authority is the location's host", () => {
  const origins = ["https://Centre.example", "https://centre.example:443", "http://127.0.0.1:8000", "http://[::1]:80"];
  assert.deepEqual(origins.map(authorityOf), ["centre.example", "centre.example", "127.0.0.1:8000", "[::1]"]);
});

test("what the table of final answers says of every status", () => {
  for (let status = 100; status < 600; status++) {
    const isFinal =
      status === 200 || status === 201 ? "accepted" : status >= 400 && status < 500 ? "rejected" : "unknown";
    assert.equal(verdictOf(status, true, ""), isFinal);
    assert.equal(verdictOf(status, false, "bad-signature"), status === 401 ? "sign_on" : "unknown");
  }
});

test("a sheet's payment is taken back by one message, kept before it is sent, and again until it is known", async () => {
  const centre = await FakeCentre.start();
  const { terminal, setup } = await terminalAt(centre);
  const wanted = { short_number: "02427f7f3a2c", reason: "打错餐次" };
  const kept: unknown[] = [];
  centre.script = async () => {
    kept.push(await setup.store.read("sheet-voids"));
    return null;
  };
  const twice = [terminal.voidSheetPayment(wanted), terminal.voidSheetPayment({ ...wanted, reason: "again" })];
  for (const one of twice) await assert.rejects(one, OutcomeUnknown);
  assert.deepEqual(kept, [[wanted]], "one message for two presses");
  const after = (await Terminal.open(setup)) as Terminal;
  assert.deepEqual(await after.unknownSheetVoids(), [wanted], "also after a reload");
  assert.deepEqual(await after.resendSheetVoids(), []);
  centre.script = () => VOIDED;
  assert.deepEqual(await after.resendSheetVoids(), [{ wanted, answer: VOIDED.body }]);
  const sent = centre.received.filter((one) => one.path === "/terminal/sheet-voids");
  assert.equal(new Set(sent.map((one) => one.body)).size, 1);
  assert.deepEqual(await after.unknownSheetVoids(), []);
  assert.equal(await setup.journal.highestSequence(1), 0, "it uses up no number");
});

test("a sheet's payment that is not there, or not his to take back, is told once and kept no more", async () => {
  const centre = await FakeCentre.start();
  const { terminal } = await terminalAt(centre);
  const wanted = { short_number: "7F3A2C", reason: "a test" };
  await assert.rejects(terminal.voidSheetPayment({ ...wanted, short_number: "7F3A2" }), RangeError);
  await assert.rejects(terminal.voidSheetPayment({ ...wanted, reason: "" }), RangeError);
  centre.script = () => ({ status: 409, body: problem("conflict") });
  await assert.rejects(terminal.voidSheetPayment(wanted), Rejected);
  centre.script = () => ({ status: 200, body: { outcome: "refused", reason: "void_too_late" } });
  assert.equal((await terminal.voidSheetPayment(wanted)).answer.outcome, "refused");
  assert.deepEqual(await terminal.unknownSheetVoids(), []);
  centre.script = () => ({ status: 200, body: { outcome: "approved" } });
  await assert.rejects(terminal.voidSheetPayment(wanted), OutcomeUnknown, "no approval");
});
