/**
 * The vectors of docs/terminal-protocol.md, checked: in Node by `vectors.test.ts`, in a browser by
 * tests/pages/test_typescript_client.py.
 */

import { fromBase45, toBase45 } from "../base45.ts";
import { type Bytes, concat, fromBase64url, fromHex, sha256, toBase64url, toHex, uint, utf8 } from "../bytes.ts";
import { type BoundPayment, binding, type CardFile, cardChallenge, decodeFile, encodeFile } from "../cards.ts";
import { encodeCbor } from "../cbor.ts";
import { makeCode, makeToken, NotGenuine, readCode } from "../codes.ts";
import type { Entry, Operation } from "../journal.ts";
import { type KeyAlgorithm, type PublicKey, type SigningKey, sign, verify } from "../keys.ts";
import { keyInUse, type Parameters, priceOn } from "../parameters.ts";
import { readReceipt } from "../receipts.ts";
import { type MessageKind, wrongMember } from "../requests.ts";
import { wrongLines } from "../saleLines.ts";
import { agreeKey, SUITE, sessionInfo } from "../session.ts";
import { readSheet } from "../sheets.ts";
import { chain, dayTotals, leaf, shiftRequest } from "../shifts.ts";
import { canteenHint, makeShortCode, openShortCode, readShortCode, shortCodeToBeSigned } from "../shortCodes.ts";
import {
  checkAnswer,
  type Fields,
  hmacSigner,
  hmacVerifier,
  keySigner,
  keyVerifier,
  requestBase,
  type Signer,
  signRequest,
} from "../signatures.ts";
import { cardKey, cardMac } from "../softwareCard.ts";
import { proofText } from "../terminal.ts";
import { same, thrown } from "./assert.ts";
import { refusalOfRequest, signAnswer } from "./centre.ts";
import { importEphemeral, importHmacKey, importSigningKey } from "./importedKeys.ts";

export type Check = readonly [name: string, run: () => Promise<void>];

// biome-ignore lint/suspicious/noExplicitAny: the page's vectors are of many shapes, and each check reads its own.
type Vectors = Record<string, any>;

/** Blocks of the page, and who reads them. A new block fails until somebody does. */
const BLOCKS = {
  messages: [
    "enrolment",
    "sign_on",
    "parameters",
    "key_renewal",
    "charge",
    "code_charge",
    "void",
    "sheet_void",
    "payer",
    "payments",
    "shift_opening",
    "cashier_sign_on",
    "cashier_sign_off",
    "shift_closing",
    "requests",
    "block_list",
    "sign_off",
    "phone_activation",
    "phone_renewal",
    "account",
    "top_up",
    "p256_phone",
    // A scale's: this client signs them as it does its own, and sends none.
    "weigh_ins",
    "foods",
  ],
  others: ["suite", "keys", "card", "qr", "short_codes", "refused_short_codes", "sale_lines", "sheets", "receipt_code"],
  // What the centre alone decides, and what a till prints: tests/rules and tests/ledger play them.
  centre: ["malformed", "counters", "in_words"],
};

export function checksOf(vectors: Vectors): Check[] {
  return [
    [
      "every block of the page is read",
      async () => same(Object.keys(vectors).sort(), Object.values(BLOCKS).flat().sort()),
    ],
    ...checksOfKeys(vectors),
    ...BLOCKS.messages.flatMap((name) => checksOfMessage(vectors, name)),
    ...Object.entries(FORMS).flatMap(([name, kind]) => checksOfForm(vectors, name, kind)),
    ...checksOfSession(vectors),
    ...checksOfCard(vectors),
    ...checksOfCodes(vectors),
    ...checksOfShortCodes(vectors),
    ...checksOfShift(vectors),
    ...checksOfParameters(vectors),
    ...checksOfSaleLines(vectors),
    ...checksOfSheets(vectors),
    ...checksOfReceipts(vectors),
  ];
}

function hex(vectors: Vectors, name: string): Bytes {
  return fromHex(vectors.keys[name]);
}

function signingKey(vectors: Vectors, who: string): Promise<SigningKey> {
  const algorithm = who.startsWith("p256") ? "ecdsa-p256-sha256" : "ed25519";
  return importSigningKey(algorithm, hex(vectors, `${who}_private`));
}

function publicKey(vectors: Vectors, who: string, algorithm: KeyAlgorithm = "ed25519"): PublicKey {
  return { algorithm, bytes: hex(vectors, `${who}_public`) };
}

function sessionKey(vectors: Vectors): Promise<CryptoKey> {
  return importHmacKey(fromHex(vectors.sign_on.session_key));
}

function checksOfKeys(vectors: Vectors): Check[] {
  return ["terminal", "terminal_next", "centre", "centre_next", "phone", "p256_phone"].map((who) => [
    `the public key of ${who}`,
    async () => {
      const key = await signingKey(vectors, who);
      same(toHex(key.publicKey.bytes), vectors.keys[`${who}_public`]);
      const message = utf8(who);
      const signature = await sign(key, message);
      same(await verify(key.publicKey, message, signature), true);
      same(await verify(key.publicKey, utf8(`${who}.`), signature), false);
    },
  ]);
}

function isInSession(v: Vectors): boolean {
  return v.request_headers["onecard-request"] !== undefined;
}

function keyIdOf(v: Vectors): string {
  return /keyid="([^"]+)"/.exec(v.request_headers["signature-input"])?.[1] ?? "";
}

function checksOfMessage(vectors: Vectors, name: string): Check[] {
  const v = vectors[name];
  const body = utf8(v.request_body);
  const positive: Check = [
    `the request and the answer of ${name}`,
    async () => {
      const host = { host: "centre.example" };
      const requestId = isInSession(v) ? { requestId: v.request_headers["onecard-request"] } : {};
      const message = { method: v.method, authority: "centre.example", path: v.path, body, ...requestId };
      const signer = await requestSigner(vectors, name);
      const fields = await signRequest(message, { created: v.created, keyId: keyIdOf(v) }, signer);
      const parameters = (fields["signature-input"] ?? "").slice("onecard=".length);
      same(requestBase(message, fields["content-digest"] ?? "", parameters), v.request_base);
      const verifier = await requestVerifier(vectors, name);
      same(await refusalOfRequest(v.method, v.path, v.request_headers, body, verifier), null);
      if (name === "p256_phone") {
        // Its signature has a random nonce: it is checked, and the fields beside it are compared.
        same(await refusalOfRequest(v.method, v.path, { ...host, ...fields }, body, verifier), null);
        same({ ...host, ...fields, signature: "" }, { ...v.request_headers, signature: "" });
      } else {
        same({ ...host, ...fields }, v.request_headers);
      }
      if (v.answer_headers) await checkAnswerOf(vectors, name);
    },
  ];
  const negative = (v.refused_requests ?? []).map(
    (one: Vectors, at: number): Check => [
      `refused request ${at} of ${name}: ${one.field}`,
      async () => {
        const fields: Fields = { ...v.request_headers, [one.field]: one.value };
        const verifier = await requestVerifier(vectors, name);
        const refusal = await refusalOfRequest(v.method, v.path, fields, body, verifier, keyIdOf(v), isInSession(v));
        same(refusal, one.problem);
      },
    ],
  );
  return [positive, ...negative];
}

function signerOf(name: string): string {
  if (name === "p256_phone") return name;
  return ["phone_activation", "phone_renewal", "account", "top_up"].includes(name) ? "phone" : "terminal";
}

async function requestSigner(vectors: Vectors, name: string): Promise<Signer> {
  if (isInSession(vectors[name])) return hmacSigner(await sessionKey(vectors));
  return keySigner(await signingKey(vectors, signerOf(name)));
}

async function requestVerifier(vectors: Vectors, name: string) {
  if (isInSession(vectors[name])) return hmacVerifier(await sessionKey(vectors));
  return keyVerifier(publicKey(vectors, signerOf(name), name === "p256_phone" ? "ecdsa-p256-sha256" : "ed25519"));
}

/** The messages whose form this client knows, by the blocks of the page. */
const FORMS: Record<string, MessageKind> = {
  enrolment: "enrolment",
  sign_on: "sign_on",
  key_renewal: "key_renewal",
  charge: "charge",
  code_charge: "charge",
  void: "void",
  sheet_void: "sheet_void",
  shift_opening: "shift_opening",
  cashier_sign_on: "cashier_sign_on",
  shift_closing: "shift_closing",
  phone_activation: "activation",
  p256_phone: "activation",
  phone_renewal: "certificate",
  account: "certificate",
  top_up: "top_up",
};

/**
 * Refused by what is no form: keys of small order or beyond the field, which WebCrypto does not make; time and number.
 */
const NO_FORM = new Set([
  "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "__________________________________________8",
  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
]);
const NO_FORM_AT: Record<string, unknown[]> = {
  "/target_epoch": [2],
  "/target_sequence": [51],
  "/opened_at": [17179869184],
};

function checksOfForm(vectors: Vectors, name: string, kind: MessageKind): Check[] {
  const v = vectors[name];
  const wrong = (pointer: string, value: unknown) =>
    wrongMember(kind, changed(JSON.parse(v.request_body), pointer, value));
  return [
    [
      `the form of ${name}`,
      async () => {
        same(wrongMember(kind, JSON.parse(v.request_body)), null);
        for (const [pointer, values] of Object.entries(v.allowed_bodies as Record<string, unknown[]>)) {
          for (const value of values) same(wrong(pointer, value), null, `${pointer} ${JSON.stringify(value)}`);
        }
      },
    ],
    [
      `what is no form of ${name}`,
      async () => {
        for (const pointer of v.needed) same(typeof wrong(pointer, undefined), "string", `${pointer} left out`);
        for (const [pointer, values] of Object.entries(v.refused_bodies as Record<string, unknown[]>)) {
          for (const value of values) {
            if (NO_FORM.has(String(value)) || NO_FORM_AT[pointer]?.includes(value)) continue;
            same(typeof wrong(pointer, value), "string", `${pointer} ${JSON.stringify(value)}`);
          }
        }
        // JSON.parse reads 1.0 as 1: what this client writes is the page's body, not one of these.
        for (const text of v.refused_texts ?? []) same(JSON.stringify(JSON.parse(text)), v.request_body, text);
      },
    ],
  ];
}

/** The document with a value at a JSON Pointer (RFC 6901); undefined takes the member away. */
// biome-ignore lint/suspicious/noExplicitAny: any document of the page.
function changed(document: any, pointer: string, value: unknown): unknown {
  const names = pointer.slice(1).split("/");
  const last = names.pop() ?? "";
  let parent = document;
  for (const name of names) parent = parent[name];
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return document;
}

/** The page's answer is taken, the centre's side makes the same, and nothing altered is taken. */
async function checkAnswerOf(vectors: Vectors, name: string): Promise<void> {
  const v = vectors[name];
  const [requestKeyId, inSession] = [keyIdOf(v), isInSession(v)];
  const session = await sessionKey(vectors);
  const keyId = inSession ? requestKeyId : "centre-1";
  const algorithm = inSession ? "hmac-sha256" : "ed25519";
  const verifier = inSession ? hmacVerifier(session) : keyVerifier(publicKey(vectors, "centre"));
  const signer = inSession ? hmacSigner(session) : keySigner(await signingKey(vectors, "centre"));
  const answer = { status: v.answer_status, fields: v.answer_headers, body: utf8(v.answer_body) };
  const created = v.answer_created;
  const check = (altered: object, by = keyId) =>
    checkAnswer(v.request_headers, { ...answer, ...altered }, by, algorithm, verifier);
  same(await check({}), { created, blockList: 7 });
  const made = await signAnswer(
    v.request_headers,
    answer.status,
    answer.body,
    { blockList: 7, created, keyId },
    signer,
  );
  same(made, v.answer_headers);
  const wrongFields = [
    { "onecard-block-list": "8" },
    { "onecard-block-list": "07" },
    { signature: v.request_headers.signature },
    { "signature-input": v.answer_headers["signature-input"].replace("onecard-2", "onecard-1") },
    { "signature-input": v.answer_headers["signature-input"].replace(/created=(\d+)/, "created=0$1") },
    { "signature-input": `${v.answer_headers["signature-input"]}\n` },
    { "content-digest": "" },
    { signature: `${v.answer_headers.signature}, ` },
  ];
  for (const wrong of wrongFields) same(await check({ fields: { ...answer.fields, ...wrong } }), null, name);
  same(await check({ status: answer.status + 1 }), null);
  same(await check({ body: utf8(`${v.answer_body} `) }), null);
  same(await check({}, inSession ? "AAECAwQFBgcICQoLDA0ODg" : "centre-2"), null);
  const other = { ...v.request_headers, signature: v.answer_headers.signature };
  same(await checkAnswer(other, answer, keyId, algorithm, verifier), null, "another request's answer");
}

function checksOfSession(vectors: Vectors): Check[] {
  const v = vectors.sign_on;
  return [
    [
      "the session's key, on both sides",
      async () => {
        const [body, answer] = [utf8(v.request_body), utf8(v.answer_body)];
        same(toHex(await sessionInfo(body, answer)), v.info);
        const sides = [
          ["terminal_ephemeral_private", JSON.parse(v.answer_body).ephemeral],
          ["centre_ephemeral_private", JSON.parse(v.request_body).ephemeral],
        ];
        for (const [mine = "", theirs] of sides) {
          const ephemeral = await importEphemeral(hex(vectors, mine));
          const other = await crypto.subtle.importKey("raw", fromBase64url(theirs), "X25519", false, []);
          const shared = await crypto.subtle.deriveBits({ name: "X25519", public: other }, ephemeral, 256);
          same(toHex(new Uint8Array(shared)), v.shared_secret);
          const key = await agreeKey(ephemeral, fromBase64url(theirs), body, answer);
          same(key.extractable, false);
          const text = utf8("the same key signs the same");
          const expected = await hmacSigner(await sessionKey(vectors)).sign(text);
          same(toHex(await hmacSigner(key).sign(text)), toHex(expected));
        }
      },
    ],
    [
      "the suite",
      async () => {
        const suites = [vectors.suite, JSON.parse(v.request_body).suite, JSON.parse(v.answer_body).suite];
        same(suites, [SUITE, SUITE, SUITE]);
      },
    ],
    [
      "the proof of a renewed key",
      async () => {
        const renewal = vectors.key_renewal;
        const proof = proofText(2001, hex(vectors, "terminal_public"));
        same(toHex(proof), renewal.proof_text);
        const signature = await sign(await signingKey(vectors, "terminal_next"), proof);
        const body = JSON.parse(renewal.request_body);
        same([toHex(signature), toBase64url(signature)], [renewal.proof, body.proof]);
        same(body.public_key, toBase64url(hex(vectors, "terminal_next_public")));
        for (const one of renewal.refused_proofs) {
          same(await verify(publicKey(vectors, "terminal_next"), proof, fromHex(one.proof)), false, one.why);
        }
      },
    ],
  ];
}

function checksOfCard(vectors: Vectors): Check[] {
  return [
    [
      "a card's file, key, binding, challenge and answer",
      async () => {
        const v = vectors.card;
        const { key_version, book, agency_id, holder_id, credential_id } = v;
        const file: CardFile = { key_version, book, agency_id, holder_id, credential_id };
        same(toHex(encodeFile(file)), v.file);
        same(decodeFile(fromHex(v.file)), file);
        await thrown(() => decodeFile(new Uint8Array(21)), RangeError);
        await thrown(() => decodeFile(fromHex(`${v.file}00`)), RangeError);
        const key = await cardKey(hex(vectors, "card_master_key"), fromHex(v.uid), file);
        same(toHex(key), v.card_key);
        const tapped = async (payment: Vectors) => {
          const bound = binding(payment as BoundPayment);
          const challenge = await cardChallenge(await sessionKey(vectors), payment.epoch, payment.sequence, bound);
          return [bound, challenge, await cardMac(key, challenge, payment.counter)].map(toHex);
        };
        same(await tapped(v), [v.binding, v.challenge, v.mac]);
        same(toHex(await sha256(fromHex(v.binding))), v.binding_digest);
        for (const one of v.refused_macs) {
          const [, , mac] = await tapped({ ...v, [one.member]: one.value });
          same([mac, mac === v.mac], [one.mac, false], one.why);
        }
        for (const one of v.other_charges) {
          same(await tapped(one), [one.binding, one.challenge, one.mac]);
          const body = JSON.parse(one.request_body);
          same(wrongMember("charge", body), null);
          same([body.card.mac, body.amount_fen ?? null], [toBase64url(fromHex(one.mac)), one.amount_fen]);
        }
        const card = JSON.parse(vectors.charge.request_body).card;
        same([card.mac, card.counter], [toBase64url(fromHex(v.mac)), v.counter]);
      },
    ],
  ];
}

function checksOfCodes(vectors: Vectors): Check[] {
  const v = vectors.qr;
  const both = () =>
    new Map([1, 2].map((version) => [version, hex(vectors, version === 1 ? "centre_public" : "centre_next_public")]));
  const token = { issuedAt: v.issued_at, counter: v.counter, canteenId: v.canteen_id, limitFen: v.limit_fen };
  const positive: Check = [
    "a long code says who, when, where and how much",
    async () => {
      const { holder, token: read } = await readCode(new Map([[1, hex(vectors, "centre_public")]]), v.code);
      same([holder.book, holder.agencyId, holder.holderId], [v.book, v.agency_id, v.holder_id]);
      same([holder.credentialId, holder.expiresAt], [v.credential_id, v.expires_at]);
      same(read, token);
      const key = await signingKey(vectors, "phone");
      same(toHex(await makeToken(key, token)), v.token);
      same(await makeCode(fromHex(v.certificate), key, token), v.code);
      same(await readCode(both(), v.accepted_after_rotation), { holder, token: read });
      await thrown(() => readCode(new Map([[2, hex(vectors, "centre_next_public")]]), v.code), NotGenuine);
    },
  ];
  const refused = v.refused_codes.map(
    (one: Vectors): Check => [
      `refused code: ${one.why}`,
      async () => {
        await thrown(() => readCode(both(), one.code), NotGenuine);
      },
    ],
  );
  const altered: Check = [
    "no altered code is genuine",
    async () => {
      const code: string = v.code;
      for (let at = 0; at < code.length; at += 7) {
        for (const character of "0A:") {
          const other = code.slice(0, at) + character + code.slice(at + 1);
          if (other !== code) await thrown(() => readCode(both(), other), NotGenuine);
        }
      }
      for (const other of [`${code}\n`, `${code}000`, code.slice(0, -3), "OC1:", "", code.toLowerCase()]) {
        await thrown(() => readCode(both(), other), NotGenuine);
      }
    },
  ];
  const p256: Check = [
    "a phone with a key of P-256",
    async () => {
      const phone = vectors.p256_phone;
      const { holder, token: read } = await readCode(both(), phone.code);
      same(holder.credentialId, phone.credential_id);
      same([holder.key.algorithm, toHex(holder.key.bytes)], ["ecdsa-p256-sha256", vectors.keys.p256_phone_public]);
      same(read, token);
      const parts = concat(Uint8Array.of(0x82), fromHex(phone.certificate), fromHex(phone.token));
      same(phone.code, `OC1:${toBase45(parts)}`);
      same(toHex(fromBase45(phone.code.slice(4))), toHex(parts));
      const key = await signingKey(vectors, "p256_phone");
      same(await readCode(both(), await makeCode(fromHex(phone.certificate), key, token)), { holder, token });
      const stolen = makeCode(fromHex(phone.certificate), await signingKey(vectors, "phone"), token);
      await thrown(async () => readCode(both(), await stolen), NotGenuine);
    },
  ];
  return [positive, ...refused, altered, p256];
}

function checksOfShortCodes(vectors: Vectors): Check[] {
  const keyOf = (algorithm: KeyAlgorithm) =>
    publicKey(vectors, algorithm === "ed25519" ? "phone" : "p256_phone", algorithm);
  const positive = vectors.short_codes.map(
    (v: Vectors): Check => [
      `a short code of ${v.algorithm}`,
      async () => {
        const token = { issuedAt: v.issued_at, counter: v.counter, canteenId: v.canteen_id, limitFen: v.limit_fen };
        const read = readShortCode(v.code);
        same([toHex(read.reference), toHex(read.body), toHex(read.signature)], [v.reference, v.body, v.signature]);
        same([read.canteen, canteenHint(v.canteen_id)], [v.canteen, v.canteen]);
        const own = keyOf(v.algorithm);
        same(toHex(shortCodeToBeSigned(own, read.body, v.canteen_id)), v.signed);
        same(toHex(concat(utf8("onecard short code v2"), own.bytes, read.body, uint(v.canteen_id, 8))), v.signed);
        same(await openShortCode(read, own, v.canteen_id), token);
        const key = await signingKey(vectors, v.algorithm === "ed25519" ? "phone" : "p256_phone");
        const made = await makeShortCode(read.reference, key, token);
        same(made.length, 130);
        same(await openShortCode(readShortCode(made), own, v.canteen_id), token);
        if (v.algorithm === "ed25519") same(made, v.code);
      },
    ],
  );
  const refused = vectors.refused_short_codes.map(
    (v: Vectors): Check => [
      `refused short code: ${v.why}`,
      async () => {
        const open = async () => openShortCode(readShortCode(v.code), keyOf(v.algorithm), v.canteen_id);
        if (v.reason === "wrong_canteen") same(await open(), null);
        else await thrown(open, NotGenuine);
      },
    ],
  );
  return [...positive, ...refused];
}

function checksOfSheets(vectors: Vectors): Check[] {
  const v = vectors.sheets;
  const centre = publicKey(vectors, "centre");
  return [
    [
      "a canteen's code is found in what a camera reads",
      async () => {
        for (const text of v.scanned) same(readSheet(text), v.code);
        for (const text of v.not_read) same(readSheet(text), null);
      },
    ],
    [
      "a canteen's code is signed by the centre",
      async () => {
        const bytes = fromBase64url(v.code);
        const said = concat(Uint8Array.of(1, v.key_version), uint(v.sheet_id, 6), uint(v.version, 2));
        same(toHex(bytes), toHex(said) + v.signature);
        same(toHex(concat(utf8("onecard sheet v1"), said)), v.signed);
        same(await verify(centre, fromHex(v.signed), fromHex(v.signature)), true);
      },
    ],
    ...v.refused_codes.map(
      ({ why, code }: Vectors): Check => [
        `refused canteen's code: ${why}`,
        async () => {
          const bytes = fromBase64url(code);
          const signed = concat(utf8("onecard sheet v1"), bytes.slice(0, 10));
          const isOurs = bytes[1] === 1 && (await verify(centre, signed, bytes.slice(10)));
          same(isOurs, false);
        },
      ],
    ),
  ];
}

function checksOfShift(vectors: Vectors): Check[] {
  const v = vectors.shift_closing;
  const said = JSON.parse(v.request_body);
  const positive: Check = [
    "a shift's totals, leaves and links",
    async () => {
      const opening = JSON.parse(vectors.shift_opening.request_body);
      same([said.cashier, said.drawer, said.opened_at], Object.values(opening));
      same(JSON.parse(vectors.shift_opening.answer_body), { outcome: "recorded" });
      const entries = v.requests.map(
        (one: Vectors): Entry => ({
          epoch: 1,
          sequence: one.sequence,
          operation: one.operation as Operation,
          body: one.request_body,
          outcome: "unknown",
          answer: one.answer_body,
        }),
      );
      const requests = (await Promise.all(entries.map(shiftRequest))).filter((one) => one !== null);
      const leaves = await Promise.all(requests.map(leaf));
      same(
        leaves.map(toHex),
        v.requests.map((one: Vectors) => one.leaf),
      );
      const links = await chain(2001, 1, 43, leaves);
      same(links.map(toHex), [v.link_0, ...v.requests.map((one: Vectors) => one.link)]);
      same(toHex(fromBase64url(said.journal_head)), toHex(links.at(-1) ?? links[0]));
      same(dayTotals(requests), said.days);
      const answer = JSON.parse(v.answer_body);
      same([answer.agree, answer.requests, answer.journal_head], [true, leaves.length, said.journal_head]);
    },
  ];
  return [positive];
}

function checksOfParameters(vectors: Vectors): Check[] {
  const parameters: Parameters = JSON.parse(vectors.sign_on.answer_body).parameters;
  return [
    [
      "the parameters of sign-on and of the question",
      async () => {
        same(vectors.parameters.changed.parameters, parameters);
        same(JSON.parse(vectors.parameters.answer_body).version, vectors.parameters.changed.version);
        same(vectors.parameters.unchanged.parameters, undefined);
      },
    ],
    ...vectors.parameters.price_on.map(
      (one: Vectors): Check => [
        `the price of ${one.meal} on ${one.date}`,
        async () => {
          const expected = one.price === null ? null : parameters.prices[one.price];
          same(priceOn(parameters.prices, one.meal, one.date), expected);
        },
      ],
    ),
    [
      "the centre's key in use follows the clock",
      async () => {
        const inUse = (now: number) => keyInUse(parameters.centre_keys, now)?.version ?? null;
        same([1764475381, 1764475382, 1765080181, 1765080182].map(inUse), [1, 2, 2, 2]);
        const [first] = parameters.centre_keys;
        same(first && keyInUse([first], 1765080182), null);
      },
    ],
  ];
}

function checksOfSaleLines(vectors: Vectors): Check[] {
  const { accepted, refused } = vectors.sale_lines;
  return [
    ...accepted.map(
      (one: Vectors): Check => [
        `sale lines of ${one.amount_fen} fen`,
        async () => same(wrongLines(one.lines, one.amount_fen), null),
      ],
    ),
    ...refused.map(
      (one: Vectors): Check => [
        `refused sale lines: ${one.why}`,
        async () => same(typeof wrongLines(one.lines, one.amount_fen), "string"),
      ],
    ),
  ];
}

function checksOfReceipts(vectors: Vectors): Check[] {
  const v = vectors.receipt_code;
  const keys = ["centre_next_public", "centre_public"].map((name) => hex(vectors, name));
  const positive: Check = [
    "a receipt's code",
    async () => {
      same(await readReceipt(keys, v.code), v.receipt);
      const [other = new Uint8Array()] = keys;
      await thrown(() => readReceipt([other], v.code), NotGenuine);
      await thrown(() => readReceipt([], v.code), NotGenuine);
      const parts = [fromHex("8443a10127a0"), ...[v.payload, v.signature].map((part) => encodeCbor(fromHex(part)))];
      same(v.code.slice(0, 4), "OR1:");
      // Another header beside a signature over the right one: a second spelling.
      const respelled = concat(fromHex("8443a10126a0"), ...parts.slice(1));
      await thrown(() => readReceipt(keys, `OR1:${toBase45(respelled)}`), NotGenuine);
      same(toHex(fromBase45(v.code.slice(4))), toHex(concat(...parts)));
    },
  ];
  const refused = v.refused_codes.map(
    (one: Vectors): Check => [
      `refused receipt: ${one.why}`,
      async () => {
        await thrown(() => readReceipt(keys, one.code), NotGenuine);
      },
    ],
  );
  return [positive, ...refused];
}
