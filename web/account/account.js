// One's own ways to sign in: second factor, recovery codes, passkeys, password; and one's sessions.
import { ask, attempt, begin, element, enter, links, renew, say, takesPasskeys, wayBack } from "./session.js";

const $ = (selector) => document.querySelector(selector);
const language = document.documentElement.lang;
const DOING = "onecard.account.doing";
const back = wayBack();
let person = null;

function moment(text) {
  return new Date(text).toLocaleString(language, { dateStyle: "medium", timeStyle: "short", timeZone: "Asia/Shanghai" });
}

function on(form, work) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(form, () => work(form.elements, event.submitter), DOING);
  });
}

function tell(form, text) {
  form.querySelector("[role=status]").textContent = text;
}

async function showFactor() {
  const factor = await ask("GET", "/console/second-factor");
  const isOn = factor.confirmed_at !== null;
  const state = $("#factor-state");
  state.className = !isOn && factor.required ? "wrong" : "";
  state.textContent = isOn
    ? say("onecard.account.factor_on", { count: factor.recovery_codes_left })
    : say(factor.required ? "onecard.account.factor_required" : "onecard.account.factor_none");
  $("#begin").hidden = isOn;
  $("#more").hidden = !isOn;
  $("#set-up").hidden = true;
  $("#passkeys form").hidden = !isOn;
  for (const one of document.querySelectorAll("#passkeys form > :not([role=status])")) one.hidden = !takesPasskeys;
  await showPasskeys(isOn);
}

on($("#begin"), async () => {
  const begun = await ask("POST", "/console/second-factor");
  const picture = new DOMParser().parseFromString(begun.qr_svg, "image/svg+xml").documentElement;
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", say("onecard.account.factor_picture"));
  $("#qr").replaceChildren(picture);
  $("#secret").textContent = begun.secret.replace(/.{4}(?=.)/g, "$& ");
  $("#begin").hidden = true;
  $("#set-up").hidden = false;
  $("#confirm").elements.code.focus();
});

on($("#confirm"), async ({ code }) => {
  const confirmed = await ask("POST", "/console/second-factor/confirmation", { code: code.value.trim() });
  $("#set-up").hidden = true;
  code.value = "";
  showCodes(confirmed.recovery_codes);
  await enter(confirmed.session);
});

function showCodes(codes) {
  $("#whose").textContent = person.login;
  $(".codes").replaceChildren(...codes.map((code) => element("li", {}, code)));
  $("#codes").hidden = false;
  $("#codes").focus();
}

$("#print").addEventListener("click", () => print());

$("#kept").addEventListener("click", () => {
  $("#codes").hidden = true;
  $(".codes").replaceChildren();
  const onwards = $("#onwards");
  if (!back) return $("#more summary").focus();
  onwards.hidden = false;
  onwards.querySelector("a").focus();
});

on($("#change"), async ({ code }, button) => {
  const body = { code: code.value.trim() };
  const told = await ask("POST", `/console/second-factor/${button.value}`, body);
  code.value = "";
  if (told) showCodes(told.recovery_codes);
  await showFactor();
});

async function showPasskeys(isOn) {
  const passkeys = await ask("GET", "/console/passkeys");
  $("#passkeys ul").replaceChildren(...passkeys.map(passkeyRow));
  const none = $("#no-passkeys");
  none.hidden = takesPasskeys && passkeys.length > 0;
  none.textContent = say(
    !takesPasskeys ? "onecard.account.passkeys_not_here" : isOn ? "onecard.account.passkeys_none" : "onecard.account.passkeys_need_factor",
  );
}

function passkeyRow(one) {
  const used = one.last_used_at === null ? say("onecard.account.passkey_unused") : say("onecard.account.passkey_used", { at: moment(one.last_used_at) });
  const text = element("span", {}, one.name, element("small", {}, used));
  return element("li", {}, text, removal(`/console/passkeys/${one.number}`, "onecard.account.passkey_remove", one.name, $("#passkeys form"), () => showPasskeys(true)));
}

// A button that takes one thing away; `name`: for who does not see beside what it stands.
function removal(path, label, name, form, after) {
  const work = async () => {
    await ask("DELETE", path);
    await after();
  };
  return element("button", { type: "button", "aria-label": `${say(label)} ${name}`, onclick: () => attempt(form, work, DOING) }, say(label));
}

on($("#passkeys form"), async ({ name }) => {
  const { publicKey } = await ask("POST", "/console/passkeys/challenge");
  const made = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
  await ask("POST", "/console/passkeys", { name: name.value.trim(), credential: made.toJSON() });
  name.value = "";
  await showPasskeys(true);
});

on($("#password form"), async (fields) => {
  if (fields.new.value !== fields.again.value) throw new Error(say("onecard.password.differ"));
  renew(await ask("POST", "/console/sessions/current/password", { old: fields.old.value, new: fields.new.value }));
  $("#password form").reset();
  await showSessions();
  tell($("#password form"), say("onecard.account.password_changed"));
});

async function showSessions() {
  const sessions = await ask("GET", "/console/sessions");
  $("#sessions ul").replaceChildren(...sessions.map(sessionRow));
  $("#sessions form").hidden = sessions.length < 2;
}

// In a User-Agent field, the more particular before what it also claims to be.
const BROWSERS = [["Edg", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrom", "Chrome"], ["Safari/", "Safari"]];
const SYSTEMS = [["Android", "Android"], ["iPhone", "iOS"], ["iPad", "iPadOS"], ["Windows", "Windows"], ["Mac OS X", "macOS"], ["CrOS", "ChromeOS"], ["Linux", "Linux"]];

// Browser and system of a User-Agent field; a program's is shown as it is.
function deviceOf(device) {
  const nameIn = (names) => names.find(([mark]) => device.includes(mark))?.[1];
  const [browser, system] = [nameIn(BROWSERS), nameIn(SYSTEMS)];
  return browser && system ? say("onecard.account.session_device", { browser, system }) : device || "—";
}

function sessionRow(one) {
  const facts = say("onecard.account.session_facts", { made: moment(one.made_at), used: moment(one.last_used_at), address: one.address });
  const text = element("span", { title: one.device }, deviceOf(one.device), element("small", {}, facts));
  if (one.current) return element("li", {}, text, element("strong", {}, say("onecard.account.session_this")));
  return element("li", {}, text, removal(`/console/sessions/${one.number}`, "onecard.account.session_end", String(one.number), $("#sessions form"), showSessions));
}

on($("#sessions form"), async () => {
  await ask("DELETE", "/console/sessions");
  await showSessions();
});

async function entered(who) {
  person = who;
  $("main").hidden = false;
  $("#password form").elements.login.value = who.login;
  await showFactor();
  await showSessions();
  $("#pages").hidden = who.second_factor_missing;
  if (!who.second_factor_missing) $("#pages nav").replaceChildren(...(await links()));
}

function left() {
  $("main").hidden = true;
  for (const form of document.querySelectorAll("main form")) form.reset();
  for (const shown of ["#set-up", "#codes", "#onwards"]) $(shown).hidden = true;
  $(".codes").replaceChildren();
}

$("#onwards a").href = back;
const switcher = $("header nav a");
switcher.search = `?${new URLSearchParams({ lang: switcher.lang, ...(back && { back }) })}`;
begin({ entered, left });
