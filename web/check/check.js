// Verifies a receipt's code in the browser: base45, CBOR, and the centre's Ed25519 signature (terminals/receipts.py says
// what is signed). Nothing is sent: once the page is there, it works without a network.
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const CONTEXTS = ["onecard receipt v2", "onecard receipt v1"];
const ZONE = "Asia/Shanghai";
const texts = document.body.dataset;
const language = document.documentElement.lang;
const utf8 = new TextEncoder();

function base45(text) {
  const values = [...text].map((character) => ALPHABET.indexOf(character));
  if (values.includes(-1) || values.length % 3 === 1) throw new Error("not base45");
  const bytes = [];
  for (let i = 0; i < values.length; i += 3) {
    const [a, b, c] = values.slice(i, i + 3);
    const value = a + 45 * b + 2025 * (c ?? 0);
    if (value > (c === undefined ? 0xff : 0xffff)) throw new Error("not base45");
    if (c !== undefined) bytes.push(value >> 8);
    bytes.push(value & 0xff);
  }
  return new Uint8Array(bytes);
}

// The part of CBOR (RFC 8949) that receipts use: integers, byte strings, texts, arrays, the empty map.
function cbor(bytes) {
  let at = 0;
  function take(length) {
    if (at + length > bytes.length) throw new Error("not CBOR");
    at += length;
    return bytes.subarray(at - length, at);
  }
  function number(short) {
    if (short < 24) return short;
    if (short > 27) throw new Error("not CBOR");
    return take(1 << (short - 24)).reduce((value, byte) => value * 256 + byte, 0);
  }
  function item() {
    const head = take(1)[0];
    const value = number(head & 31);
    switch (head >> 5) {
      case 0: return value;
      case 2: return take(value);
      case 3: return new TextDecoder("utf-8", { fatal: true }).decode(take(value));
      case 4: {
        const items = [];
        while (items.length < value) items.push(item());
        return items;
      }
      case 5: if (value === 0) return {};
    }
    throw new Error("not CBOR");
  }
  const found = item();
  if (at !== bytes.length) throw new Error("not CBOR");
  return found;
}

function head(major, length) {
  if (length < 24) return [(major << 5) | length];
  return length < 256 ? [(major << 5) | 24, length] : [(major << 5) | 25, length >> 8, length & 0xff];
}

// What COSE signs (RFC 9052 section 4.4).
function toBeSigned(headers, context, payload) {
  const label = utf8.encode("Signature1");
  return new Uint8Array([
    ...head(4, 4), ...head(3, label.length), ...label,
    ...[headers, context, payload].flatMap((part) => [...head(2, part.length), ...part]),
  ]);
}

async function read(code) {
  const [headers, , payload, signature] = cbor(base45(code.slice(4)));
  if (String(headers) !== "161,1,39") throw new Error("not of this profile");
  for (const hex of texts.keys.split(" ")) {
    const raw = Uint8Array.from(hex.match(/../g), (byte) => parseInt(byte, 16));
    const key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
    for (const context of CONTEXTS) {
      const signed = toBeSigned(headers, utf8.encode(context), payload);
      if (await crypto.subtle.verify("Ed25519", key, signature, signed)) {
        const [number, , ...values] = cbor(payload);
        // Codes of the first context have the holder's number here.
        return [number, ...(context === CONTEXTS[1] ? values.slice(1) : values)];
      }
    }
  }
  throw new Error("the signature does not fit");
}

function yuan(fen) {
  return `¥${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, "0")}`;
}

// As on the receipt (terminals/receipts.py). A date does not break; the time may stand below it.
function day(moment) {
  const form = { day: "numeric", month: "long", year: "numeric", timeZone: ZONE };
  return moment.toLocaleDateString(language === "en" ? "en-GB" : "zh-CN", form).replaceAll(" ", "\u00a0");
}

function minute(moment) {
  const clock = moment.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: ZONE });
  return `${day(moment)} ${clock}`;
}

function shortNumber(hex, recorded) {
  const last = hex.slice(-8).toUpperCase();
  return [recorded.replaceAll("-", ""), last.slice(0, 4), last.slice(4)].join("\u00a0");
}

function show([number, payer, canteen, meal, purchasedAt, recorded, cash, subsidy, host, effect]) {
  const hex = [...number].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const values = {
    short: shortNumber(hex, recorded), number: hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
    payer, canteen, meal: texts[meal],
    time: minute(new Date(purchasedAt * 1000)), recorded: day(new Date(`${recorded}T12:00:00+08:00`)),
    amount: yuan(cash + subsidy + host), cash: yuan(cash), subsidy: yuan(subsidy), host: yuan(host),
    effect: texts[effect],
  };
  for (const field of document.querySelectorAll("[data-field]")) field.textContent = values[field.dataset.field];
}

function reveal(...ids) {
  for (const id of ["genuine", "none", "wrong", "unable", "receipt"]) document.getElementById(id).hidden = !ids.includes(id);
}

const byId = (id) => document.getElementById(id);

async function check(text) {
  // A code may have spaces inside, but none at its ends.
  const code = text.trim();
  if (!/^OR1:./.test(code)) return reveal("none");
  try {
    show(await read(code));
    reveal("genuine", "receipt");
  } catch (error) {
    const unable = !globalThis.crypto?.subtle || error.name === "NotSupportedError";
    reveal(unable ? "unable" : "wrong");
  }
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  check(byId("code").value);
});

// What reads pictures is fetched when it is wanted.
async function scanner() {
  return (await import("/phone/scanner.js")).camera();
}

function say(what) {
  byId("state").textContent = what ? byId("state").dataset[what] : "";
  byId("state").hidden = !what;
}

function take(text) {
  byId("code").value = text;
  check(text);
}

let looking = null;

function stop() {
  looking?.abort();
  looking = null;
  byId("video").hidden = true;
  const button = byId("camera");
  button.textContent = button.dataset.start ?? button.textContent;
  button.setAttribute("aria-pressed", "false");
}

async function look() {
  looking = new AbortController();
  const { signal } = looking;
  const button = byId("camera");
  button.dataset.start ??= button.textContent;
  button.textContent = button.dataset.stop;
  button.setAttribute("aria-pressed", "true");
  byId("video").hidden = false;
  reveal();
  say("looking");
  try {
    const { lookForCodes } = await scanner();
    const found = (text) => {
      stop();
      say("");
      take(text);
    };
    await lookForCodes(byId("video"), () => true, found, signal);
  } catch {
    if (signal.aborted) return;
    stop();
    say("away");
  }
}

byId("camera").addEventListener("click", () => {
  if (!looking) return look();
  stop();
  say("");
});

byId("picture").addEventListener("change", async ({ target }) => {
  const [file] = target.files;
  if (!file) return;
  stop();
  reveal();
  say("reading");
  const text = await scanner().then(({ codeInPicture }) => codeInPicture(file)).catch(() => "");
  // The same picture can be chosen again.
  target.value = "";
  say(text ? "" : "nothing");
  if (text) take(text);
});

// Whoever comes from a receipt goes back to it, and keeps the way from there.
const given = new URLSearchParams(location.search);
if (/^[0-9a-f-]{36}$/i.test(given.get("receipt") ?? "")) {
  const from = given.get("from") === "phone" ? "&from=phone" : "";
  byId("back").href = `/r/${given.get("receipt")}?lang=${language}${from}`;
  byId("back").textContent = `‹ ${byId("back").dataset.receipt}`;
  byId("language").search += `&receipt=${given.get("receipt")}${from}`;
}
