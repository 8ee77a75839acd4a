/** Encodings, against the examples of their standards, and against what is no encoding or a second one. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase45, toBase45 } from "../base45.ts";
import { type Bytes, fromBase64, fromBase64url, fromHex, toBase64url, toHex, uint, utf8 } from "../bytes.ts";
import { binding } from "../cards.ts";
import { type Cbor, decodeCbor, encodeCbor } from "../cbor.ts";
import { makeCode, NotGenuine, readCode, refusalOf } from "../codes.ts";
import { compress, decompress, newSigningKey, sign, verify } from "../keys.ts";
import { EMPTY_BLOCK_LIST, isBlocked, isFresh, withChanges } from "../parameters.ts";
import { shortCodeBody } from "../shortCodes.ts";
import { cmac } from "../softwareCard.ts";
import { FakeCentre } from "./fakeCentre.ts";
import { importSigningKey } from "./importedKeys.ts";

/** The same bytes in every run. */
function* random(seed: number): Generator<number, never> {
  for (let state = seed; ; state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) yield (state >>> 16) & 0xff;
}

function randomBytes(seed: number, length: number): Bytes {
  const source = random(seed);
  return Uint8Array.from({ length }, () => source.next().value);
}

test("base45: the examples of RFC 9285, and every length", () => {
  const examples = { AB: "BB8", "Hello!!": "%69 VD92EX0", "base-45": "UJCLQE7W581", "ietf!": "QED8WEX0" };
  for (const [text, encoded] of Object.entries(examples)) {
    assert.equal(toBase45(utf8(text)), encoded);
    assert.deepEqual(fromBase45(encoded), utf8(text));
  }
  for (let length = 0; length < 300; length++) {
    const bytes = randomBytes(length + 1, length);
    assert.deepEqual(fromBase45(toBase45(bytes)), bytes);
  }
});

for (const text of ["A", "GGW5", ":::", "ab", "::", "GGW000", "000GGX", "V5", "AB\n", "一二三", "😀😀"]) {
  test(`no base45: ${JSON.stringify(text)}`, () => void assert.throws(() => fromBase45(text), RangeError));
}

for (const text of ["A", "AAA=", "AB", "AA==", "AA\n", "A A", "+w", "/w", "Zh", "一"]) {
  test(`no base64url: ${JSON.stringify(text)}`, () => void assert.throws(() => fromBase64url(text), RangeError));
}

test("base64url: RFC 4648", () => {
  for (let length = 0; length < 70; length++) {
    const bytes = randomBytes(length + 1, length);
    assert.deepEqual(fromBase64url(toBase64url(bytes)), bytes);
  }
  for (const text of ["AA", "AB==", "AA==\n", " AA=="]) assert.throws(() => fromBase64(text), RangeError);
});

test("numbers have their width, and end at 2^53-1", () => {
  assert.equal(toHex(uint(Number.MAX_SAFE_INTEGER, 8)), "001fffffffffffff");
  const wrong = [
    [256, 1],
    [-1, 4],
    [1.5, 4],
    [2 ** 53, 8],
    [Number.NaN, 8],
  ] as const;
  for (const [value, width] of wrong) assert.throws(() => uint(value, width), RangeError);
});

/** RFC 8949 appendix A, as far as this part of CBOR goes. */
const CBOR: [Cbor, string][] = [
  [0, "00"],
  [23, "17"],
  [24, "1818"],
  [100, "1864"],
  [1000, "1903e8"],
  [1_000_000, "1a000f4240"],
  [1_000_000_000_000, "1b000000e8d4a51000"],
  [-1, "20"],
  [-100, "3863"],
  [-1000, "3903e7"],
  [false, "f4"],
  [true, "f5"],
  [null, "f6"],
  [fromHex("01020304"), "4401020304"],
  ["IETF", "6449455446"],
  ["水", "63e6b0b4"],
  [[1, [2, 3], [4, 5]], "8301820203820405"],
  [
    new Map([
      [1, 2],
      [3, 4],
    ]),
    "a201020304",
  ],
  [
    new Map<Cbor, Cbor>([
      ["a", 1],
      ["b", [2, 3]],
    ]),
    "a26161016162820203",
  ],
  [[], "80"],
  [new Map(), "a0"],
  [Number.MAX_SAFE_INTEGER, "1b001fffffffffffff"],
];

for (const [value, encoded] of CBOR) {
  test(`CBOR ${encoded}`, () => {
    assert.equal(toHex(encodeCbor(value)), encoded);
    assert.deepEqual(decodeCbor(fromHex(encoded)), value);
  });
}

const NO_CBOR = {
  "": "nothing",
  "0000": "bytes left over",
  "1817": "23 in two bytes",
  "190017": "in three",
  "1a00000017": "in five",
  "1b0000000000000017": "in nine",
  "1b0020000000000000": "above 2^53",
  "3b001fffffffffffff": "below -2^53",
  "9fff": "an indefinite array",
  "5f4101ff": "an indefinite string",
  f97c00: "a float",
  fb3ff0000000000000: "1.0",
  c001: "a tag",
  f7: "undefined",
  f820: "another simple value",
  "1c": "a reserved width",
  "4301": "a string cut off",
  "8201": "an array cut off",
  a2010201: "a map cut off",
  a203010102: "keys out of order",
  a201020103: "equal keys",
  "61ff": "no UTF-8",
  "62c328": "no UTF-8 either",
  "9bffffffffffffffff": "more members than bytes",
  "818181818181818181818180": "too deep",
  ff: "a break",
};

for (const [encoded, why] of Object.entries(NO_CBOR)) {
  test(`no CBOR: ${why}`, () => void assert.throws(() => decodeCbor(fromHex(encoded)), RangeError));
}

test("any bytes are deterministic CBOR or none", () => {
  let read = 0;
  for (let seed = 1; seed < 20_000; seed++) {
    const bytes = randomBytes(seed, 1 + (seed % 9));
    let value: Cbor;
    try {
      value = decodeCbor(bytes);
    } catch (error) {
      assert.ok(error instanceof RangeError, String(error));
      continue;
    }
    assert.deepEqual(encodeCbor(value), bytes);
    read += 1;
  }
  assert.ok(read > 100);
});

test("CMAC: the examples of RFC 4493", async () => {
  const key = fromHex("2b7e151628aed2a6abf7158809cf4f3c");
  const message = fromHex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
  );
  const examples: [number, string][] = [
    [0, "bb1d6929e95937287fa37d129b756746"],
    [16, "070a16b46b4d4144f79bdd9dd04a287c"],
    [40, "dfa66747de9ae63030ca32611497c827"],
    [64, "51f0bebf7e3b9d92fc49741779363cfe"],
  ];
  for (const [length, mac] of examples) assert.equal(toHex(await cmac(key, message.slice(0, length))), mac);
});

test("P-256: signatures have the smaller s, and points one spelling", async () => {
  const key = await newSigningKey("ecdsa-p256-sha256");
  const half = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n;
  for (let n = 0; n < 40; n++) {
    const signature = await sign(key, Uint8Array.of(n));
    assert.ok(BigInt(`0x${toHex(signature.slice(32))}`) <= half);
    assert.equal(await verify(key.publicKey, Uint8Array.of(n), signature), true);
    assert.equal(await verify(key.publicKey, Uint8Array.of(n + 1), signature), false);
    const { publicKey } = await newSigningKey("ecdsa-p256-sha256");
    assert.deepEqual(compress(decompress(publicKey.bytes)), publicKey.bytes);
    assert.equal(await verify(publicKey, Uint8Array.of(n), signature), false);
  }
  const point = key.publicKey.bytes;
  const other = { 0: 0, 1: 1, 4: 4 };
  for (const first of Object.values(other)) {
    assert.throws(() => decompress(Uint8Array.of(first, ...point.slice(1))), RangeError);
  }
  const wrong = [
    new Uint8Array(0),
    point.slice(0, 32),
    Uint8Array.of(...point, 0),
    Uint8Array.of(2, ...new Array(32).fill(255)),
  ];
  for (const bytes of wrong) {
    assert.throws(() => decompress(bytes), RangeError);
    assert.equal(await verify({ algorithm: "ecdsa-p256-sha256", bytes }, point, new Uint8Array(64)), false);
    assert.equal(await verify({ algorithm: "ed25519", bytes }, point, new Uint8Array(64)), false);
  }
});

test("keys cannot be read out", async () => {
  for (const algorithm of ["ed25519", "ecdsa-p256-sha256"] as const) {
    const { privateKey } = await newSigningKey(algorithm);
    assert.equal(privateKey.extractable, false);
    await assert.rejects(crypto.subtle.exportKey("pkcs8", privateKey));
  }
});

const HOLDER = { book: 1, agencyId: 1, holderId: 1, credentialId: 1, expiresAt: 2_000 };
const LIMITS = { amount_max_fen: 1, resend_within_s: 1, purchase_ahead_s: 1, code_fresh_s: 60, code_ahead_s: 15 };

/** Age of the code, its canteen and limit; whether the till (canteen 7, price 1,000) has a network; the refusal. */
const REFUSALS: [number, number | null, number | null, boolean, string | null][] = [
  [0, 7, 1000, true, null],
  [60, 7, 1000, true, null],
  [61, 7, 1000, true, "qr_expired"],
  [-15, 7, null, true, null],
  [-16, 7, null, true, "qr_expired"],
  [0, 8, null, true, "wrong_canteen"],
  [0, null, null, true, "wrong_canteen"],
  [0, null, null, false, null],
  [0, 8, null, false, "wrong_canteen"],
  [0, 7, 999, true, "code_limit_exceeded"],
];

test("when, where and how much a code may pay", async () => {
  const key = (await newSigningKey()).publicKey;
  for (const [age, canteenId, limitFen, offline, expected] of REFUSALS) {
    const token = { issuedAt: 1_000, counter: 1, canteenId, limitFen };
    const till = { at: 1_000 + age, canteenId: 7, priceFen: 1_000, limits: LIMITS, offline };
    assert.equal(refusalOf({ ...HOLDER, key }, token, till), expected, String([age, canteenId, limitFen]));
    const atTheEnd = { ...HOLDER, key, expiresAt: till.at };
    assert.equal(refusalOf(atTheEnd, token, till), "credential_expired");
  }
});

test("a token has four members of their kinds", async () => {
  const [centre, phone] = [await importSigningKey("ed25519", new Uint8Array(32)), await newSigningKey()];
  const signed = async (signer: typeof centre, context: string, header: Map<Cbor, Cbor>, payload: Cbor) => {
    const [head, content] = [encodeCbor(header), encodeCbor(payload)];
    const text = encodeCbor(["Signature1", head, utf8(context), content]);
    return [head, new Map(), content, await sign(signer, text)];
  };
  const cnf = new Map([
    [
      1,
      new Map<Cbor, Cbor>([
        [1, 1],
        [-1, 6],
        [-2, phone.publicKey.bytes],
      ]),
    ],
  ]);
  const claims = new Map<Cbor, Cbor>([
    [2, "3302.1003.1042"],
    [4, 2_000_000_000],
    [7, new Uint8Array(6)],
    [8, cnf],
  ]);
  const header = new Map<Cbor, Cbor>([
    [1, -8],
    [4, Uint8Array.of(1)],
  ]);
  const certificate = await signed(centre, "onecard certificate v1", header, claims);
  const keys = new Map([[1, centre.publicKey.bytes]]);
  const codeOf = async (token: Cbor) => {
    const parts = [certificate, await signed(phone, "onecard token v2", new Map([[1, -8]]), token)];
    return `OC1:${toBase45(encodeCbor(parts))}`;
  };
  const right: Cbor[] = [1_763_870_582, 1, 7, 1000];
  assert.equal((await readCode(keys, await codeOf(right))).token.limitFen, 1000);
  const made = await makeCode(encodeCbor(certificate), phone, {
    issuedAt: 1_763_870_582,
    counter: 1,
    canteenId: 7,
    limitFen: 1000,
  });
  assert.equal(made, await codeOf(right));
  const wrong: Cbor[] = [true, false, -1, "1", utf8("1"), [1], new Map()];
  const tokens: Cbor[] = [
    ...right.flatMap((_, at) => wrong.map((value) => right.with(at, value))),
    ...[1, 2, 3].map((at) => right.with(at, 0)),
    ...[0, 1].map((at) => right.with(at, null)),
    ...[0, 1, 2, 3].map((length) => right.slice(0, length)),
    [...right, null],
    null,
  ];
  for (const token of tokens) await assert.rejects(readCode(keys, await codeOf(token)), NotGenuine);
  // Headers that their signer signed, and that are none of the profile.
  const more = new Map<Cbor, Cbor>([...header, [3, 0]]);
  const token = await signed(phone, "onecard token v2", new Map([[1, -8]]), right);
  const others = [
    [await signed(centre, "onecard certificate v1", more, claims), token],
    [await signed(centre, "onecard certificate v1", new Map([[4, Uint8Array.of(1)]]), claims), token],
    [certificate, await signed(phone, "onecard token v2", new Map([[1, -7]]), right)],
    [certificate, await signed(phone, "onecard token v2", new Map(), right)],
    // Another header beside a signature over the right one: a second spelling.
    [certificate, [encodeCbor(new Map([[1, -7]])), ...token.slice(1)]],
    [certificate, token, token],
    [certificate],
  ];
  for (const parts of others) {
    await assert.rejects(readCode(keys, `OC1:${toBase45(encodeCbor(parts))}`), NotGenuine);
  }
});

test("a card's answer binds the amount and who pays", () => {
  const payment = { canteen_id: 1010, meal: "dinner", purchased_at: 1_763_870_582 } as const;
  const start = "00000000000003f2030000000069228776";
  assert.equal(toHex(binding(payment)), `${start}000000000000000000`);
  assert.equal(toHex(binding({ ...payment, amount_fen: 1_000_000 })), `${start}00000000000f424000`);
  assert.equal(toHex(binding({ ...payment, amount_fen: 1, working_meal: true })), `${start}000000000000000101`);
});

test("a block list is current when the centre has no later change, and for a day", async () => {
  const change = { version: 5, book: 1, credential_id: 9, blocked: true };
  const some = withChanges(EMPTY_BLOCK_LIST, { version: 5, complete: false, changes: [change] }, 1_000);
  assert.deepEqual([some.version, some.currentAt, isBlocked(some, 1, 9), isBlocked(some, 2, 9)], [5, 0, true, false]);
  const lifted = { ...change, version: 6, blocked: false };
  const all = withChanges(some, { version: 6, complete: true, changes: [lifted] }, 1_001);
  assert.deepEqual([all.version, all.currentAt, isBlocked(all, 1, 9)], [6, 1_001, false]);
  const parameters = (await FakeCentre.start()).parameters();
  assert.deepEqual(
    [87_401, 87_402].map((now) => isFresh(all, parameters, now)),
    [true, false],
  );
});

test("a short code holds what fits its widths alone", () => {
  const token = { issuedAt: 1, counter: 1, canteenId: null, limitFen: null };
  const reference = new Uint8Array(6);
  assert.equal(shortCodeBody(reference, token).length, 20);
  const wrong = [
    { counter: 0 },
    { counter: 2 ** 32 },
    { issuedAt: 2 ** 32 },
    { issuedAt: 1.5 },
    { limitFen: 0 },
    { limitFen: 2 ** 24 },
  ];
  for (const change of wrong) assert.throws(() => shortCodeBody(reference, { ...token, ...change }), RangeError);
});
