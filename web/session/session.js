// The sign-in of every page. The session is the browser's, in a cookie: who signed in on one page is signed in on all.
// Where no cookie can be kept (plain HTTP to another machine), the token stays in this page.
import { forgetAll, tellSession, whenSessionTold } from "./signedIn.js";

const mount = document.getElementById("session");
const TEXTS = JSON.parse(mount.dataset.texts);
// Path, the permission that it is for, its name in the catalogue.
const PAGES = [
  ["/reconciliation", "see_clearing", "live.reconciliation"],
  ["/approvals", "see_approvals", "live.approvals"],
  ["/weighing", "weigh_waste", "live.weighing"],
  ["/evaluations", "see_waste", "live.evaluations"],
  ["/integrity", "see_flags", "live.integrity"],
  ["/bulletins", null, "live.bulletins"],
];
const PROOF_AT = "onecard-proof-at";
const BACK = "onecard-back";
const cookie = window.isSecureContext;
// Browsers make passkeys for names, not for addresses.
export const takesPasskeys =
  typeof PublicKeyCredential?.parseRequestOptionsFromJSON === "function" && !/^[\d.]+$|:/.test(location.hostname);
// Whose sessions the browser had when it asked for the page; it shows its cookies to no script.
const SESSIONS = (mount.dataset.sessions ?? "").split(" ");
let tag = document.documentElement.lang;
let person = null;
let bearer = null;
let csrf = null;
let proving = null;
let proofTicket = null;
let page = { entered() {}, left() {} };

/** What the centre refused: `status`, and the last part of the problem's type as `kind`. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title);
    this.status = status;
    this.kind = problem.type?.split("/").pop();
    this.ticket = problem.ticket;
  }
}

/** Whether the browser came with a session of a `user` or an `official`. */
export const hasSession = (whose) => SESSIONS.includes(whose);

/** A text of the catalogue in the page's language. */
export function say(id, values = {}) {
  return TEXTS[tag][id].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** An error in the reader's words. */
export function explain(error) {
  if (error instanceof TypeError) return say("onecard.sign_in.unreachable");
  return error instanceof DOMException ? say("onecard.sign_in.passkey_canceled") : error.message;
}

/** An element. Of `data-said` it shows that text of the catalogue, also after a change of language. */
export function element(name, attributes = {}, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  if (attributes["data-said"]) made.textContent = say(attributes["data-said"]);
  made.append(...content);
  return made;
}

/** Ask the centre, with further header fields; the answer's body. Raises Refused; a TypeError when it cannot be reached. */
export async function send(method, path, message, fields) {
  const headers = { "accept-language": tag, ...fields };
  if (message !== undefined) headers["content-type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: message && JSON.stringify(message) });
  if (answer.status === 204) return null;
  const body = await (answer.headers.get("content-type").includes("json") ? answer.json() : answer.blob());
  if (!answer.ok) throw new Refused(answer.status, body);
  return body;
}

// As the person who is signed in, in the session in which he came in here.
async function call(method, path, message) {
  const fields = bearer ? { authorization: `Bearer ${bearer}` } : csrf ? { "x-csrf-token": csrf } : {};
  if (person && !bearer) fields["x-session"] = person.session;
  try {
    return await send(method, path, message, fields);
  } catch (error) {
    if (error.kind === "session-changed") return beginAnew();
    throw error;
  }
}

// What this page holds is not for who is there now.
function beginAnew() {
  document.body.replaceChildren();
  location.reload();
  return new Promise(() => {});
}

whenSessionTold((session) => {
  if (person && !bearer && person.session !== session) beginAnew();
});

/**
 * Ask the API as the person who is signed in; the answer's body. What needs a proof asks for it, and goes on then.
 * Raises Refused; a TypeError when the centre cannot be reached.
 */
export async function ask(method, path, message, again = false) {
  const asker = person?.login;
  try {
    return await call(method, path, message);
  } catch (error) {
    if (error.kind === "proof-needed") {
      proving ??= prove().finally(() => {
        proving = null;
      });
      await proving;
      return call(method, path, message);
    }
    // Another page of this browser has got a new token for the session.
    if (error.kind === "cross-site-request" && !again) {
      await current();
      if (person?.login !== asker) {
        // Somebody else is signed in by now: the act is not his.
        location.reload();
        return new Promise(() => {});
      }
      return ask(method, path, message, true);
    }
    if (error.kind === "second-factor-missing") leadToAccount();
    if (error.kind === "not-signed-in" && person) end(say("onecard.sign_in.again"));
    throw error;
  }
}

/** Take what signing in, a proof or a new password answered. */
export function renew(answer) {
  bearer = answer.token;
  csrf = answer.csrf_token;
}

async function current() {
  person = await call("GET", "/console/sessions/current");
  csrf = person.csrf_token;
}

/** Enter with the answer of signing in. */
export async function enter(answer) {
  renew(answer);
  await current();
  await take();
}

async function take() {
  if (!bearer) tellSession(person.session);
  if (person.second_factor_missing && location.pathname !== "/account") return leadToAccount();
  draw();
  await page.entered(person);
}

function here() {
  return location.pathname + location.search;
}

/** The address of one of our pages, in this language; `back`: to come back here. */
export function linkTo(path, back = "") {
  return `${path}?${new URLSearchParams({ lang: tag, ...(back && { back }) })}`;
}

function leadToAccount() {
  location.assign(linkTo("/account", here()));
}

/** A path of this site that the address names as the way back; else "". */
export function wayBack(named = new URLSearchParams(location.search).get("back")) {
  if (!named?.startsWith("/")) return "";
  const url = new URL(named, location.origin);
  // "//host" within a path would be another site.
  return url.origin === location.origin && !url.pathname.startsWith("//") ? url.pathname + url.search + url.hash : "";
}

/** Links to the pages that the person's role may use. */
export async function links() {
  const roles = await ask("GET", "/console/roles");
  const may = roles.find((one) => one.role === person.role).permissions.map((one) => one.permission);
  const own = PAGES.filter(([, permission]) => permission === null || may.includes(permission));
  return own.map(([path, , name]) => element("a", { href: linkTo(path), "data-said": name }));
}

/** Go to a provider of single sign-on; what comes back is completed at `/sign-on`. `proof`: of the session that is. */
export async function goToProvider(name, back, proof = false) {
  const { url } = await call("POST", `/console/sign-on/${name}${proof ? "/proof" : ""}`);
  sessionStorage.setItem(BACK, back);
  sessionStorage.setItem(PROOF_AT, proof ? name : "");
  location.assign(url);
}

/** What `goToProvider` left: the way back, and whether it was for a proof at this provider. */
export function cameFromProvider(name) {
  const left = { back: wayBack(sessionStorage.getItem(BACK)), proof: sessionStorage.getItem(PROOF_AT) === name };
  sessionStorage.removeItem(BACK);
  sessionStorage.removeItem(PROOF_AT);
  return left;
}

// A challenge of ours, signed by a passkey of this device.
async function signedChallenge() {
  const { publicKey } = await call("POST", "/console/sessions/passkey-challenge");
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(publicKey);
  return (await navigator.credentials.get({ publicKey: options })).toJSON();
}

/** A field with its label. */
export function field(label, attributes) {
  return element("label", { class: "field" }, element("span", { "data-said": label }), element("input", attributes));
}

/** Carry out what a form is for: its buttons wait, and its last line tells how it goes. Whether it went well. */
export async function attempt(form, work, trying = "onecard.sign_in.trying") {
  const told = form.querySelector("[role=status]");
  const buttons = [...form.querySelectorAll("button")];
  for (const button of buttons) button.disabled = true;
  form.setAttribute("aria-busy", "true");
  told.className = "";
  told.textContent = say(trying);
  try {
    await work();
    if (told.textContent === say(trying)) told.textContent = "";
    return true;
  } catch (error) {
    told.className = "wrong";
    told.textContent = explain(error);
    return false;
  } finally {
    for (const button of buttons) button.disabled = false;
    form.removeAttribute("aria-busy");
  }
}

const PASSWORD = { name: "password", type: "password", autocomplete: "current-password", required: true };
const CODE = {
  name: "code", autocomplete: "one-time-code", autocapitalize: "none", spellcheck: "false", required: true,
  minlength: 6, maxlength: 40,
};

function status() {
  return element("p", { role: "status" });
}

function onSubmit(form, work) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(form, work);
  });
}

function only(form, shown) {
  for (const label of form.querySelectorAll(".field")) {
    const input = label.querySelector("input");
    label.hidden = input.disabled = !shown.includes(input.name);
  }
}

// Signing in: the password, then the second factor when the centre asks for it; or a passkey.
const form = element(
  "form",
  { id: "sign-in", hidden: true },
  field("onecard.sign_in.login", { name: "login", autocomplete: "username", autocapitalize: "none", required: true }),
  field("onecard.sign_in.password", PASSWORD),
  field("onecard.sign_in.code", CODE),
  element("button", { class: "primary", "data-said": "onecard.sign_in.button" }),
  element("button", { type: "button", class: "passkey", "data-said": "onecard.sign_in.passkey" }),
  element("button", { type: "button", class: "back", "data-said": "onecard.sign_in.back" }),
  element("a", { class: "sign-on", hidden: true, "data-said": "onecard.sign_in.sign_on" }),
  status(),
);
let ticket = null;

/** Ask for the code of the second factor, with the ticket of the first step. */
export function askCode(given) {
  ticket = given;
  only(form, ticket === null ? ["login", "password"] : ["code"]);
  form.querySelector(".passkey").hidden = !takesPasskeys || ticket !== null;
  form.querySelector(".back").hidden = ticket === null;
  form.elements.code.value = "";
  if (ticket === null) return;
  const told = form.querySelector("[role=status]");
  told.className = "";
  told.textContent = say("onecard.sign_in.code_needed");
  form.elements.code.focus();
}

onSubmit(form, async () => {
  const { login, password, code } = form.elements;
  if (ticket !== null) return enter(await call("POST", "/console/sessions/second-factor", { ticket, code: code.value.trim(), cookie }));
  try {
    await enter(await call("POST", "/console/sessions", { login: login.value.trim(), password: password.value, cookie }));
  } catch (error) {
    if (error.kind !== "second-factor-needed") throw error;
    askCode(error.ticket);
  }
});

form.querySelector(".passkey").addEventListener("click", () =>
  attempt(form, async () => enter(await call("POST", "/console/sessions/passkey", { credential: await signedChallenge(), cookie }))),
);

form.querySelector(".back").addEventListener("click", () => {
  askCode(null);
  form.querySelector("[role=status]").textContent = "";
  form.elements.password.value = "";
  form.elements.password.focus();
});

const bar = element(
  "p",
  { class: "who", hidden: true },
  element("span"),
  element("a", { "data-said": "onecard.sign_in.account" }),
  element("button", { type: "button", "data-said": "onecard.sign_in.sign_out", onclick: signOut }),
);

async function signOut() {
  const ended = call("DELETE", "/console/sessions/current");
  form.reset();
  end("");
  form.elements.login.focus();
  try {
    await ended;
    tellSession(null);
    await forgetAll();
  } catch (error) {
    form.querySelector("[role=status]").textContent = explain(error);
  }
}

function end(why) {
  person = bearer = csrf = null;
  form.elements.password.value = "";
  askCode(null);
  draw();
  const told = form.querySelector("[role=status]");
  told.className = why && "wrong";
  told.textContent = why;
  page.left(why !== "");
}

// The proof that the person is still at the screen, with what signing in needs.
const dialog = element(
  "dialog",
  { "aria-labelledby": "proof-title" },
  element(
    "form",
    {},
    element("h2", { id: "proof-title", "data-said": "onecard.sign_in.proof" }),
    field("onecard.sign_in.password", PASSWORD),
    field("onecard.sign_in.code", CODE),
    element("button", { class: "primary", "data-said": "onecard.sign_in.confirm" }),
    element("button", { type: "button", class: "passkey", "data-said": "onecard.sign_in.passkey" }),
    element("div", { class: "providers" }),
    element("button", { type: "button", "data-said": "onecard.sign_in.cancel", onclick: () => dialog.close() }),
    status(),
  ),
);

/** Ask for a proof in a dialog; `given`: the ticket of a sign-on at a provider, which lacks the code alone. */
export async function prove(given = null) {
  proofTicket = given;
  const proof = dialog.querySelector("form");
  const [factor, passkeys, providers] = await Promise.all(
    ["/console/second-factor", "/console/passkeys", "/console/sign-on"].map((path) => call("GET", path)),
  );
  proof.reset();
  proof.querySelector("[role=status]").textContent = "";
  const code = factor.confirmed_at === null ? [] : ["code"];
  only(proof, given === null ? ["password", ...code] : code);
  proof.querySelector(".passkey").hidden = !takesPasskeys || passkeys.length === 0 || given !== null;
  const again = (one) =>
    element("button", { type: "button", onclick: () => attempt(proof, () => goToProvider(one.name, here(), true)) }, say("onecard.sign_in.proof_at", { title: title(one) }));
  proof.querySelector(".providers").replaceChildren(...(bearer || given !== null ? [] : providers.filter((one) => one.proves).map(again)));
  dialog.returnValue = "";
  mount.append(dialog);
  retell(dialog);
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  dialog.remove();
  if (dialog.returnValue !== "proved") throw new Error(say("onecard.sign_in.proof_canceled"));
}

async function proveWith(message) {
  renew(await call("POST", "/console/sessions/current/proof", message));
  dialog.close("proved");
}

onSubmit(dialog.querySelector("form"), () => {
  const shown = Object.fromEntries(new FormData(dialog.querySelector("form")));
  return proveWith(proofTicket === null ? shown : { ...shown, ticket: proofTicket });
});

dialog.querySelector(".passkey").addEventListener("click", () =>
  attempt(dialog.querySelector("form"), async () => proveWith({ credential: await signedChallenge() })),
);

/** The name of a provider of single sign-on. */
export function title(provider) {
  return tag === "en" ? provider.title_en : provider.title_zh;
}

function retell(root) {
  for (const one of root.querySelectorAll("[data-said]")) one.textContent = say(one.dataset.said);
}

function draw() {
  retell(document);
  form.hidden = person !== null;
  bar.hidden = person === null;
  if (person) bar.querySelector("span").textContent = say("onecard.sign_in.signed_in", person);
  const account = bar.querySelector("a");
  account.hidden = location.pathname === "/account";
  account.href = linkTo("/account", here());
  form.querySelector("a").href = linkTo("/sign-on", here());
}

/** The page has changed its language. */
export function speak(language) {
  tag = language;
  draw();
}

/**
 * Begin: with the session that is there, else with the form. `entered(person)` is called whenever somebody has come in,
 * `left(ended)` when his session has ended, or he has signed out. `signedOn`: a session was opened by this page.
 */
export async function begin(given, signedOn = hasSession("user")) {
  page = given;
  mount.append(form, bar);
  askCode(null);
  try {
    if (!signedOn) return await offer();
    await current();
  } catch (error) {
    if (error instanceof Refused) return offer();
    draw();
    form.querySelector("[role=status]").textContent = explain(error);
    return;
  }
  await take();
}

// Nobody is signed in.
async function offer() {
  draw();
  if (cookie && location.pathname.split("/")[1] !== "sign-on")
    form.querySelector("a").hidden = (await call("GET", "/console/sign-on")).length === 0;
}
